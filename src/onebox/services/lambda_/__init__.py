"""AWS Lambda: functions that run as processes of this machine, and what invokes them.

How it hangs together, top down::

    service.py          the class the engine builds: start, stop and the table of operations
    authorization.py  condition_keys.py    the actions, resources and condition keys of a request
    operations/         one thin function for each API operation, by family: wire dict in, wire dict out
    core.py             the parts that operations work with, and the steps that several of them share
    internal.py         typed calls for other services, inside their transaction
    background/         event source mappings; asynchronous invocations, their retries and destinations
    invocations.py      one invocation: its concurrency, its execution environment, its metrics
    concurrency.py      how many invocations may run: reserved, provisioned and the account's concurrency
    provisioning.py     the processes that provisioned concurrency keeps ready
    execution/          execution environments: the pool, a worker for each process, its command, the Runtime API
    child/              what runs inside a function's own process; imports nothing of onebox
    urls.py             requests to function URLs: access, invocation, CORS (url_streams.py: streamed answers)
    archives.py         large archives, stored, read and deleted a piece at a time
    downloads.py        links to the code of functions
    finding.py          which version a qualifier means
    function_layers.py  layer_policies.py    the layers of a function, and who may use one
    configuration.py  naming.py  layer_names.py  validation.py  runtimes.py  package.py  event_sources.py
    filters.py  batches.py  url_events.py  tracing.py  platform_times.py                                        pure
    resource_policies.py    who else may invoke a function
    store/              all SQL of the service, by table
    model.py  limits.py  errors.py  settings.py  principals.py  metrics.py

AWS: https://docs.aws.amazon.com/lambda/latest/api/welcome.html
"""
