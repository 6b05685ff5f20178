// The model of a user's AccessKeys, of which there are two at the most. The user may encrypt.
package main

import (
	"slices"
	"strings"
)

type accessKey struct{ name, status string }

type accessKeysState struct {
	// In the order of their names; "" for none.
	keys [2]accessKey
	// How many there are whose names nobody learned.
	unnamed int
}

const absent = -1

func performOnAccessKeys(before state, c *call, told string) (string, state) {
	at := before.(accessKeysState)
	switch c.Name {
	case "ListAccessKeys":
		return said(at.shown()...), at
	case "CreateAccessKey":
		return at.create(told)
	case "Encrypt":
		return at.encrypt(c.As), at
	}
	i := at.find(c.arg(0))
	if i == absent {
		return "EntityNotExist.User.AccessKey", at
	}
	switch c.Name {
	case "UpdateAccessKey":
		at.keys[i].status = c.arg(1)
	case "DeleteAccessKey":
		at.keys[i] = accessKey{}
		at.order()
	default:
		return unknown(c), at
	}
	return ok, at
}

func (at accessKeysState) encrypt(as string) string {
	i := at.find(as)
	if i == absent {
		return "InvalidAccessKeyId.NotFound"
	}
	if at.keys[i].status != "Active" {
		return "Forbidden.AccessKey"
	}
	return ok
}

func (at accessKeysState) create(told string) (string, state) {
	free := at.find("")
	if free == absent || len(at.shown()) == len(at.keys) {
		return "LimitExceeded.User.AccessKey", at
	}
	name, isNamed := strings.CutPrefix(told, "OK ")
	if !isNamed {
		at.unnamed++
		return ok, at
	}
	at.keys[free] = accessKey{name, "Active"}
	at.order()
	return told, at
}

func (at accessKeysState) shown() (all []string) {
	for _, key := range at.keys {
		if key.name != "" {
			all = append(all, key.name+" "+key.status)
		}
	}
	for range at.unnamed {
		all = append(all, "? Active")
	}
	slices.Sort(all)
	return all
}

func (at accessKeysState) find(name string) int {
	return slices.IndexFunc(at.keys[:], func(key accessKey) bool { return key.name == name })
}

// order makes equal states one value.
func (at *accessKeysState) order() {
	if at.keys[0].name > at.keys[1].name {
		at.keys[0], at.keys[1] = at.keys[1], at.keys[0]
	}
}
