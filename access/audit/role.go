package audit

// RoleOfMachine is the role of entries about operators of the machine, who act by
// commands over its socket: none of access.Roles, which are persons'.
const RoleOfMachine = "operator of the machine"
