"""AWS CloudFormation: stacks of the resource types whose services onebox offers.

Promises: a stack's state is durable at every step, and work that a restart interrupts is resumed. Resources are created
through the operations that clients use, with the rights of the stack's role or of the caller.

Top down::

    service.py           the face to the gateway
    internal.py          what the engine calls: answers of custom resources
    authorization.py     actions and resources of a request, for IAM
    operations/          the API operations, a file for each family, and their table
    core.py              what every operation works with
    lookup.py            the stack that a request names; pages of lists
    template_text.py     the text of a template: in the request, in S3 with the caller's rights, or the stack's own
    choices.py           values that must be among those of the service model
    stack_source.py      from a request to a checked template, parameters and tags
    stored_parameters.py parameters whose values lie in the Parameter Store
    workbench.py         the thread for work on templates
    start_operation.py   the transactions that give a stack an operation
    deploy/              what runs in the background until the operation is done; see its own map
    states.py            the table of stack and resource states: the only place that names a status
    state_diagram.py     draws the table for docs/cloudformation.md
    transforms/          macros, AWS::Serverless, AWS::LanguageExtensions: from the given to the deployed template
    template/            parsing, checking and evaluating templates; pure
    blueprint.py         a template with its parameter values: resources, order, outputs; pure
    changes.py           the content of a change set; pure
    drift.py             declared against live properties; pure
    capabilities.py      which capabilities a template needs; pure
    resources/           a file for each service's resource types: schema, life cycle, naming
    views.py             rows as the API shows them
    store/               all SQL, a file for each table family
    model.py limits.py errors.py

AWS: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/
"""
