-- A state that SetAlarmState gave lasts until the alarm's next regular evaluation, also across a restart.
ALTER TABLE cloudwatch_alarm ADD COLUMN held_until_ms INTEGER NOT NULL DEFAULT 0;
