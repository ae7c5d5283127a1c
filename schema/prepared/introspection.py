"""The sizes of lists in introspection, for the cost of operations."""

from collections.abc import Mapping
from functools import lru_cache

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
)
from graphql.type import SchemaMetaFieldDef, TypeMetaFieldDef

META_FIELDS: Mapping[str, GraphQLField] = {"__schema": SchemaMetaFieldDef, "__type": TypeMetaFieldDef}


@lru_cache(maxsize=4)
def list_sizes(schema: GraphQLSchema) -> Mapping[tuple[str, str], int]:
    """Return the average length of each list of introspection types, rounded up, by type and field."""
    types = list(schema.type_map.values())
    composite = [each for each in types if isinstance(each, (GraphQLObjectType, GraphQLInterfaceType))]
    fields = [field for each in composite for field in each.fields.values()]
    inputs = [len(each.fields) for each in types if isinstance(each, GraphQLInputObjectType)]
    enums = [len(each.values) for each in types if isinstance(each, GraphQLEnumType)]
    abstract = [
        len(schema.get_possible_types(each)) for each in composite if isinstance(each, GraphQLInterfaceType)
    ]
    return {
        ("__Schema", "types"): len(types),
        ("__Schema", "directives"): len(schema.directives),
        ("__Directive", "locations"): _average([len(each.locations) for each in schema.directives]),
        ("__Directive", "args"): _average([len(each.args) for each in schema.directives]),
        ("__Type", "fields"): _average([len(each.fields) for each in composite]),
        ("__Type", "interfaces"): 1,
        ("__Type", "possibleTypes"): _average(abstract),
        ("__Type", "enumValues"): _average(enums),
        ("__Type", "inputFields"): _average(inputs),
        ("__Field", "args"): _average([len(field.args) for field in fields]),
    }


def _average(lengths: list[int]) -> int:
    return -(-sum(lengths) // len(lengths)) if lengths else 0
