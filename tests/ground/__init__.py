"""What the tests stand on: real services, databases cloned from a template, real server processes, patience."""
