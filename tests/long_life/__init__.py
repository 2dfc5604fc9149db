"""``make long-life``: what grows while a function is called hundreds of thousands of times."""
