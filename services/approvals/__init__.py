"""
Who may decide on what, and what they decided.

Owns       approvals.approvals, approvals.approvers, approvals.people, approvals.rights,
           approvals.erasures, approvals.portions
Consumes   users.rattachement-requested, users.habilitations-requested, users.rights-changed,
           users.person-changed, users.person-erased, users.export-requested
Publishes  approvals.approval-opened, approvals.approver-missing, approvals.approval-decided,
           approvals.approval-withdrawn, approvals.approvals-gathered
"""
