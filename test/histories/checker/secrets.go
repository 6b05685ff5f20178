// The model of a secret: its versions, the stages that mark them, and the CMK that encrypts it.
package main

import (
	"slices"
	"strings"
)

// The stages that calls name, in the order of their names.
const (
	current = iota
	previous
	blue
)

var stageNames = []string{"ACSCurrent", "ACSPrevious", "blue"}

type secretState struct {
	exists, isPlanned bool
	description       string
	// The value of each version; "" for one that is not there.
	versions [3]string
	// The version that each stage marks.
	stages [3]int
	// Whether the CMK is disabled.
	disabled bool
}

const (
	secretNotFound = "Forbidden.ResourceNotFound"
	inDeleteWindow = "Rejected.ResourceInDeleteWindow"
	secretExists   = "Rejected.ResourceExist"
	keyIsDisabled  = "Rejected.Disabled"
)

func newSecret(version int, value string, disabled bool) secretState {
	made := secretState{exists: true, stages: [3]int{version, none, none}, disabled: disabled}
	made.versions[version] = value
	return made
}

func performOnSecrets(before state, c *call, _ string) (string, state) {
	secret := before.(secretState)
	switch {
	case c.Name == "EnableKey" || c.Name == "DisableKey":
		secret.disabled = c.Name == "DisableKey"
		return ok, secret
	case c.Name == "CreateSecret":
		return createSecret(secret, c)
	case !secret.exists:
		return secretNotFound, secret
	case c.Name == "DescribeSecret":
		planned := "kept"
		if secret.isPlanned {
			planned = "planned"
		}
		return said(secret.description, planned), secret
	case c.Name == "ListSecretVersionIds":
		return said(secret.listed()...), secret
	case c.Name == "RestoreSecret":
		if !secret.isPlanned {
			return "Rejected.ResourceInUse", secret
		}
		secret.isPlanned = false
		return ok, secret
	case secret.isPlanned:
		return inDeleteWindow, secret
	}
	switch c.Name {
	case "GetSecretValue":
		version := secret.stages[slices.Index(stageNames, c.arg(0))]
		if version == none {
			return secretNotFound, secret
		}
		if secret.disabled {
			return keyIsDisabled, secret
		}
		return said(versionName(version), secret.versions[version]), secret
	case "PutSecretValue":
		return putValue(secret, c)
	case "UpdateSecretVersionStage":
		return moveStage(secret, c)
	case "UpdateSecret":
		secret.description = c.arg(0)
	case "DeleteSecret":
		if c.arg(0) == "now" {
			return ok, secretState{disabled: secret.disabled}
		}
		secret.isPlanned = true
	default:
		return unknown(c), secret
	}
	return ok, secret
}

func createSecret(secret secretState, c *call) (string, state) {
	switch {
	case secret.exists && secret.isPlanned:
		return inDeleteWindow, secret
	case secret.exists:
		return secretExists, secret
	case secret.disabled:
		return keyIsDisabled, secret
	}
	return ok, newSecret(number(c.arg(0)), c.arg(1), false)
}

func putValue(secret secretState, c *call) (string, state) {
	version, value := number(c.arg(0)), c.arg(1)
	if secret.disabled {
		return keyIsDisabled, secret
	}
	if there := secret.versions[version]; there != "" {
		if there == value {
			return ok, secret
		}
		return secretExists, secret
	}
	secret.versions[version] = value
	return ok, secret.marked(current, version)
}

func moveStage(secret secretState, c *call) (string, state) {
	stage, to := slices.Index(stageNames, c.arg(0)), number(c.arg(1))
	if len(c.Args) > 2 {
		from := number(c.arg(2))
		if secret.versions[from] == "" {
			return secretNotFound, secret
		}
		if secret.stages[stage] != from {
			return "Rejected.InvalidRequest", secret
		}
	}
	if secret.versions[to] == "" {
		return secretNotFound, secret
	}
	return ok, secret.marked(stage, to)
}

// marked is the secret with the stage at another version; what was current becomes previous.
func (s secretState) marked(stage, version int) secretState {
	if former := s.stages[current]; stage == current && former != none && former != version {
		s.stages[previous] = former
	}
	s.stages[stage] = version
	return s
}

// listed has each version with the stages that mark it.
func (s secretState) listed() (lines []string) {
	for version, value := range s.versions {
		if value == "" {
			continue
		}
		line := []string{versionName(version)}
		for stage, marked := range s.stages {
			if marked == version {
				line = append(line, stageNames[stage])
			}
		}
		lines = append(lines, strings.Join(line, ":"))
	}
	return lines
}

func versionName(version int) string { return "v" + string(rune('0'+version)) }
