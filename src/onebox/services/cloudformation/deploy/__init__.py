"""Deploying: bringing stacks to the state that their operation asks for, across restarts.

Top down::

    supervisor.py        one background task for each stack that is being worked on; picks the phase
    create_update.py     the operations CREATE and UPDATE: every resource in order, then the outputs
    rollback.py          CREATE_ROLLBACK and UPDATE_ROLLBACK: what is undone, and how
    delete.py            DELETE, and deleting all resources of a stack
    cleanup.py           UPDATE_CLEANUP and ROLLBACK_CLEANUP; the only place that schedules clean-up work
    resource_update.py   one resource: create, update in place, replace, or leave unchanged
    resource_delete.py   one resource: delete or retain
    outputs.py           outputs, exports and imports of a stack
    graph_runner.py      runs the steps of a dependency graph, independent ones at the same time
    run.py               what one run works with: rows, blueprint, evaluation, saving
    journal.py           saves each new state together with its event
    notifications.py     publishes events to the stack's SNS topics
    callbacks.py         answers of custom resources and wait conditions, by HTTP PUT
    client.py            calls to the other services with the stack's rights
"""
