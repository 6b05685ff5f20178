// The model of groups under two names, and of two users who may be in them.
package main

type groupState struct {
	exists  bool
	members [2]bool
}

// By name: g, then h.
type groupsState [2]groupState

var (
	groupNames = []string{"g", "h"}
	userNames  = []string{"u", "v"}
)

func performOnGroups(before state, c *call, _ string) (string, state) {
	at := before.(groupsState)
	if c.Name == "ListGroupsForUser" {
		user := place(userNames, c.arg(0))
		return said(chosen(groupNames, func(i int) bool { return at[i].members[user] })...), at
	}
	if c.Name == "AddUserToGroup" || c.Name == "RemoveUserFromGroup" {
		group := &at[place(groupNames, c.arg(1))]
		if !group.exists {
			return "EntityNotExist.Group", at
		}
		member := &group.members[place(userNames, c.arg(0))]
		if c.Name == "AddUserToGroup" {
			return switched(member, true, "EntityAlreadyExists.User.Group"), at
		}
		return switched(member, false, "EntityNotExist.User.Group"), at
	}
	i := place(groupNames, c.arg(0))
	if c.Name == "CreateGroup" {
		return switched(&at[i].exists, true, "EntityAlreadyExists.Group"), at
	}
	if !at[i].exists {
		return "EntityNotExist.Group", at
	}
	switch c.Name {
	case "ListUsersForGroup":
		return said(chosen(userNames, func(user int) bool { return at[i].members[user] })...), at
	case "DeleteGroup":
		if at[i].members != [2]bool{} {
			return "DeleteConflict.Group.User", at
		}
		at[i] = groupState{}
	case "UpdateGroup":
		if at[1-i].exists {
			return "EntityAlreadyExists.Group", at
		}
		at[i], at[1-i] = at[1-i], at[i]
	default:
		return unknown(c), at
	}
	return ok, at
}

func place(names []string, name string) int {
	if names[0] == name {
		return 0
	}
	return 1
}

func chosen(names []string, is func(int) bool) (all []string) {
	for i, name := range names {
		if is(i) {
			all = append(all, name)
		}
	}
	return all
}
