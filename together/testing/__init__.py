"""What a plugin's author tests with.

Contracts, as tests to inherit (they need pytest): ``provider_contract`` of a provider,
``contract_stand_in`` of its sandbox, ``contract_package`` of its package; ``hands``, ``wire`` and
``checking`` are what such tests stand on.

Parts of a sandbox, which know no service: ``stand_in`` and what it names; plugins/README.md tells
of each.

``memory`` is a whole small plugin that keeps the contracts, with ``memory_delegation``, one consent
for a whole organization, and ``memory_sandbox``, the service it talks to.
"""
