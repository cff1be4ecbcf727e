"""What a plugin's author tests with.

``together.testing.provider_contract`` is the contract as tests to inherit (it needs pytest);
``together.testing.memory`` is a whole small plugin that keeps it, with
``together.testing.memory_delegation``, one consent for a whole organization, and
``together.testing.memory_sandbox``, the service it talks to.
"""
