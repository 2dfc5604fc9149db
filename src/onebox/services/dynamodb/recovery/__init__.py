"""On-demand backups and point-in-time recovery.

    change_numbers.py   the order of changes, and the numbers of moments
    copying.py          copies of tables and backups, in pieces
    backups.py          making and dropping backups
    restoring.py        the definition of a restored table: the source's, with the request's overrides
    backup_arns.py      the ARNs of backups
    descriptions.py     backups as the API shows them
    window.py           which points in time can be restored

Every item of a table carries the number of the change that stored it. While a table's history is kept (point-in-time
recovery is on, or a copy of the table is under way) a version that is replaced or deleted is kept too, with the number
of the change that ended it. So the table as it was after any change can be read while writes go on, and a new item
costs nothing more. AWS: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Backup-and-Restore.html
"""
