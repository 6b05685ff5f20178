// The model of two aliases and the two keys that they point to. A user may do what he does to open keys alone: those with the tag
// open=yes. Aliases lead to tags, and tags decide about aliases.
package main

const none = -1

type aliasState struct {
	// Which key each alias points to.
	aliases  [2]int
	disabled [2]bool
	// The value of each key's tag `open`.
	tags [2]string
}

var aliasNames = []string{"a", "b"}

func performOnAliases(before state, c *call, _ string) (string, state) {
	at := before.(aliasState)
	switch c.Name {
	case "ListAliasesByKeyId":
		key := number(c.arg(0))
		var names []string
		for i, name := range aliasNames {
			if at.aliases[i] == key {
				names = append(names, name)
			}
		}
		return said(names...), at
	case "ListResourceTags":
		return said(at.tags[number(c.arg(0))]), at
	case "EnableKey", "DisableKey":
		at.disabled[number(c.arg(0))] = c.Name == "DisableKey"
		return ok, at
	}
	alias := 0
	if c.arg(0) == "b" {
		alias = 1
	}
	target := at.aliases[alias]
	touched := []int{target}
	if len(c.Args) > 1 && c.Name != "TagResource" {
		touched = append(touched, number(c.arg(1)))
	}
	if c.As == "user" {
		for _, key := range touched {
			if key != none && at.tags[key] != "yes" {
				return notPermitted, at
			}
		}
	}
	if c.Name == "CreateAlias" {
		if target != none {
			return "AliasAlreadyExists", at
		}
		at.aliases[alias] = touched[1]
		return ok, at
	}
	if target == none {
		return "Forbidden.AliasNotFound", at
	}
	switch c.Name {
	case "UpdateAlias":
		at.aliases[alias] = touched[1]
	case "DeleteAlias":
		at.aliases[alias] = none
	case "TagResource":
		at.tags[target] = c.arg(1)
	case "Encrypt":
		if at.disabled[target] {
			return "Rejected.Disabled", at
		}
		return said(name(target)), at
	case "DescribeKey":
		if at.disabled[target] {
			return said(name(target), "Disabled"), at
		}
		return said(name(target), "Enabled"), at
	default:
		return unknown(c), at
	}
	return ok, at
}

// number is the key of a name, `key 0` or `key 1`.
func number(key string) int { return int(key[len(key)-1] - '0') }

func name(key int) string { return "key " + string(rune('0'+key)) }
