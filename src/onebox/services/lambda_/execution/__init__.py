"""Running functions: interpreters, child processes, the Runtime API they speak, and who gets which child."""
