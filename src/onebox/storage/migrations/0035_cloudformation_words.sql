-- CloudFormation: the names of a column and a table in the words of the code.

ALTER TABLE cloudformation_resources RENAME COLUMN settled_in TO completed_in;
ALTER TABLE cloudformation_leftovers RENAME TO cloudformation_cleanup_items;
DROP INDEX cloudformation_leftovers_by_stack;
CREATE INDEX cloudformation_cleanup_items_by_stack ON cloudformation_cleanup_items (stack_id, id);
