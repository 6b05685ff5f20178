// The model of a role and its sessions. A role that is made again under its name is another one: sessions of the former have ended.
package main

import "strings"

type roleState struct {
	// The role's name in the history: r1, r2 and so on; "" while there is none, "?" when nobody learned it yet.
	role string
	// Whether the policy is attached to it that allows to encrypt, and whether it trusts the user.
	attached, trusting bool
}

func performOnSessions(before state, c *call, told string) (string, state) {
	at := before.(roleState)
	if c.Name == "Encrypt" {
		switch {
		case c.As != at.role:
			return "InvalidSecurityToken.Expired", at
		case !at.attached:
			return notPermitted, at
		}
		return ok, at
	}
	name, isNamed := strings.CutPrefix(told, "OK ")
	if c.Name == "CreateRole" {
		if at.role != "" {
			return "EntityAlreadyExists.Role", at
		}
		if !isNamed {
			return ok, roleState{"?", false, true}
		}
		return told, roleState{name, false, true}
	}
	if at.role == "" {
		return "EntityNotExist.Role", at
	}
	switch c.Name {
	case "AssumeRole":
		if !at.trusting {
			return "NoPermission", at
		}
		if at.role == "?" && isNamed {
			at.role = name
		}
		return said(at.role), at
	case "AttachPolicyToRole":
		return switched(&at.attached, true, "EntityAlreadyExists.Role.Policy"), at
	case "DetachPolicyFromRole":
		return switched(&at.attached, false, "EntityNotExist.Role.Policy"), at
	case "DeleteRole":
		if at.attached {
			return "DeleteConflict.Role.Policy", at
		}
		return ok, roleState{}
	case "UpdateRole":
		at.trusting = c.arg(0) == "u"
		return ok, at
	}
	return unknown(c), at
}
