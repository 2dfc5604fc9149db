-- CloudFormation: addresses at which custom resources and wait conditions are answered, and the answers.

CREATE TABLE cloudformation_callbacks (
    token TEXT PRIMARY KEY,
    stack_id TEXT NOT NULL REFERENCES cloudformation_stacks (stack_id),
    answers TEXT NOT NULL DEFAULT '[]'    -- JSON: objects in the order of their arrival
) STRICT, WITHOUT ROWID;
CREATE INDEX cloudformation_callbacks_by_stack ON cloudformation_callbacks (stack_id);
