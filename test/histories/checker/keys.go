// The models of keys: one whose material the service made, and one with imported material.
package main

// A CMK of the service's own material.
type keyState struct{ state, description, tag string }

func performOnKey(before state, c *call, _ string) (string, state) {
	key := before.(keyState)
	switch c.Name {
	case "DescribeKey":
		return said(key.state, key.description), key
	case "ListResourceTags":
		return said(key.tag), key
	case "UpdateKeyDescription", "TagResource", "UntagResource":
		if key.state == "PendingDeletion" {
			return "Rejected.PendingDeletion", key
		}
		switch c.Name {
		case "UpdateKeyDescription":
			key.description = c.arg(0)
		case "TagResource":
			key.tag = c.arg(0)
		default:
			key.tag = ""
		}
		return ok, key
	}
	answer, after := moved(key.state, true, c)
	key.state = after
	return answer, key
}

// A CMK of origin EXTERNAL.
type materialState struct {
	state   string
	present bool
}

func performOnMaterial(before state, c *call, _ string) (string, state) {
	key := before.(materialState)
	switch c.Name {
	case "DescribeKey":
		return said(key.state), key
	case "ImportKeyMaterial":
		if key.state == "PendingDeletion" {
			return stateModified, key
		}
		key.present = true
		if key.state == "PendingImport" {
			key.state = "Enabled"
		}
		return ok, key
	case "DeleteKeyMaterial":
		key.present = false
		if key.state != "PendingDeletion" {
			key.state = "PendingImport"
		}
		return ok, key
	}
	answer, after := moved(key.state, key.present, c)
	key.state = after
	return answer, key
}

// moved is the state machine that both kinds of keys share.
func moved(from string, hasMaterial bool, c *call) (answer, to string) {
	isOn := from == "Enabled" || from == "Disabled"
	switch c.Name {
	case "Encrypt", "Decrypt":
		if from != "Enabled" {
			return "Rejected." + from, from
		}
		return ok, from
	case "EnableKey":
		if isOn {
			return ok, "Enabled"
		}
	case "DisableKey":
		if isOn {
			return ok, "Disabled"
		}
	case "ScheduleKeyDeletion":
		if from != "PendingDeletion" {
			return ok, "PendingDeletion"
		}
	case "CancelKeyDeletion":
		if from == "PendingDeletion" && hasMaterial {
			return ok, "Enabled"
		}
		if from == "PendingDeletion" {
			return ok, "PendingImport"
		}
	default:
		return unknown(c), from
	}
	return stateModified, from
}
