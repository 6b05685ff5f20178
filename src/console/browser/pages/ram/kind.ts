/** What RAM creates and deletes, as names of its operations and parameters have it. */
export type Kind = 'User' | 'Group' | 'Role' | 'Policy'
