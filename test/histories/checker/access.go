// The models of who may do what: a user with policies and a group, and two users who may take each other's right.
package main

type accessState struct {
	// The policies attached to the user: `allow` in its version v1 allows to encrypt, `red` does with a key that has the tag color=red,
	// `deny` denies it.
	allow, red, deny bool
	// Whether the user is in the group, and whether `allow` is attached to that.
	member, groupAllow bool
	// Whether version v2 of `allow`, which allows nothing, is in force.
	empty bool
	// The value of the key's tag `color`.
	color string
	// Whether the user's AccessKey is inactive.
	inactive bool
}

func performOnAccess(before state, c *call, _ string) (string, state) {
	at := before.(accessState)
	switch c.Name {
	case "Encrypt":
		return at.encrypt(), at
	case "ListPoliciesForUser":
		return said(at.attached()...), at
	case "TagResource":
		at.color = c.arg(0)
	case "SetDefaultPolicyVersion":
		at.empty = c.arg(0) == "v2"
	case "UpdateAccessKey":
		at.inactive = c.arg(0) == "Inactive"
	case "AttachPolicyToUser":
		return switched(at.policy(c), true, "EntityAlreadyExists.User.Policy"), at
	case "DetachPolicyFromUser":
		return switched(at.policy(c), false, "EntityNotExist.User.Policy"), at
	case "AttachPolicyToGroup":
		return switched(&at.groupAllow, true, "EntityAlreadyExists.Group.Policy"), at
	case "DetachPolicyFromGroup":
		return switched(&at.groupAllow, false, "EntityNotExist.Group.Policy"), at
	case "AddUserToGroup":
		return switched(&at.member, true, "EntityAlreadyExists.User.Group"), at
	case "RemoveUserFromGroup":
		return switched(&at.member, false, "EntityNotExist.User.Group"), at
	default:
		return unknown(c), at
	}
	return ok, at
}

func (at accessState) encrypt() string {
	isAllowed := (at.allow || at.member && at.groupAllow) && !at.empty || at.red && at.color == "red"
	switch {
	case at.inactive:
		return "Forbidden.AccessKey"
	case at.deny || !isAllowed:
		return notPermitted
	}
	return ok
}

func (at accessState) attached() (names []string) {
	for _, one := range []struct {
		name string
		is   bool
	}{{"allow", at.allow}, {"deny", at.deny}, {"red", at.red}} {
		if one.is {
			names = append(names, one.name)
		}
	}
	return names
}

func (at *accessState) policy(c *call) *bool {
	return map[string]*bool{"allow": &at.allow, "red": &at.red, "deny": &at.deny}[c.arg(0)]
}

func switched(which *bool, to bool, already string) string {
	if *which == to {
		return already
	}
	*which = to
	return ok
}

// Whether each of two users has the policy that lets it take the other's policy.
type duelState struct{ u, v bool }

// performOnDuel: the first argument of each call is the user whose policy it is about.
func performOnDuel(before state, c *call, _ string) (string, state) {
	at := before.(duelState)
	named, other := &at.u, &at.v
	if c.arg(0) == "v" {
		named, other = other, named
	}
	switch c.Name {
	case "AttachPolicyToUser":
		return switched(named, true, "EntityAlreadyExists.User.Policy"), at
	case "DetachPolicyFromUser":
		// Its caller is the other user.
		if !*other {
			return "NoPermission", at
		}
		return switched(named, false, "EntityNotExist.User.Policy"), at
	case "ListPoliciesForUser":
		if *named {
			return said("right"), at
		}
		return said(), at
	}
	return unknown(c), at
}
