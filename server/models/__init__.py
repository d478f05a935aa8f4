"""What crosses the edge: request models that make intents, and response models that describe answers.

Request models are shared by HTTP and realtime, so that both have the same rules.
"""
