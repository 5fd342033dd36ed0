"""
Structures: who the organisations of the platform are.

Owns       structures.structures, structures.units, structures.rights
Consumes   users.rights-changed
Publishes  structures.structure-created, structures.unit-created, structures.unit-changed,
           structures.unit-ended
"""
