"""
Structures: who the organisations of the platform are.

Owns       structures.structures, structures.units, structures.history, structures.rights,
           structures.attachments, structures.bank-details, structures.bank-registers
Consumes   users.rights-changed
Publishes  structures.structure-created, structures.structure-changed,
           structures.structure-duplicated, structures.unit-created, structures.unit-changed,
           structures.unit-ended,
           structures.attachment-added, structures.attachment-infected,
           structures.attachment-removed, structures.bank-details-added,
           structures.bank-details-modified, structures.bank-details-deactivated
"""
