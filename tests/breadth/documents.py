"""Random documents for any schema, with fragments, aliases, variables, conditions and arguments."""

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLCompositeType,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLObjectType,
    GraphQLSchema,
    Undefined,
    get_named_type,
    is_abstract_type,
    is_composite_type,
    is_list_type,
    is_non_null_type,
    parse,
    validate,
)
from graphql.type.directives import GraphQLDisableErrorPropagationDirective

ALIASES = ("a", "b", "c")
# Names with a meaning in Python or in generated code.
HOSTILE = (
    "class",
    "None",
    "self",
    "__class__",
    "__builtins__",
    "build",
    "rows",
    "add",
    "s",
    "v",
    "exceptional",
    "of_0",
)
UNPROPAGATED = f"@{GraphQLDisableErrorPropagationDirective.name}"
SCALARS: Mapping[str, tuple[Any, ...]] = {
    "Int": (0, 1, 2, 7, -3),
    "Float": (0.5, 2, -1.25),
    "String": ("", "x", 'quoted " and \\ and {}', "naïve ☃"),
    "Boolean": (True, False),
    "ID": ("id", 5),
}
OTHER_SCALARS = (1, "text", True, 2.5)
WRONG: tuple[Any, ...] = (None, "wrong", 99.5, [], {}, 2**40, True)


@dataclass(frozen=True, slots=True)
class GeneratedDocument:
    """A document with its variables and operation name.

    `unpropagated` is the same document without error propagation. All locations are the same.
    """

    text: str
    unpropagated: str
    variables: dict[str, Any]
    operation: str | None = None


class EnumName(str):
    """An enum name: written without quotes in a document and as a string in variables."""

    __slots__ = ()


@dataclass
class DocumentWriter:
    """Writes one document.

    `reckless` documents contain invalid arguments and variables. `scalars` are the possible values of each scalar.
    `given` is the share of fields with an argument, by the argument's name.
    """

    schema: GraphQLSchema
    dice: random.Random
    reckless: bool = False
    scalars: Mapping[str, Sequence[Any]] = field(default_factory=lambda: SCALARS)
    given: Mapping[str, float] = field(default_factory=dict)
    size: int = 60
    fragments: dict[str, tuple[GraphQLCompositeType, str]] = field(default_factory=dict)
    definitions: dict[str, str] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)

    def document(self, kind: str = "query") -> GeneratedDocument:
        root = {"query": self.schema.query_type, "mutation": self.schema.mutation_type}[kind]
        assert root is not None
        selections = self.selections(root, self.dice.randint(1, 5), self.dice.randint(1, 6))
        variables = ", ".join(f"${name}: {type_}" for name, type_ in self.definitions.items())
        head = f"{kind} Op{f'({variables})' if variables else ''}"
        rest = [
            selections,
            *(f"fragment {name} on {on} {body}" for name, (on, body) in self.fragments.items()),
        ]
        several = self.chance(0.2)
        if several:
            rest.append(f"{kind} Other {{ __typename }}")
        text, unpropagated = ("\n".join([first, *rest]) for first in (head, f"{head} {UNPROPAGATED}"))
        return GeneratedDocument(text, unpropagated, self.values, "Op" if several else None)

    def chance(self, share: float) -> bool:
        return self.dice.random() < share

    # Selections

    def selections(self, on: GraphQLCompositeType, depth: int, width: int) -> str:
        chosen = [self.selection(on, depth) for _ in range(width)]
        return "{ " + " ".join(chosen) + " }"

    def selection(self, on: GraphQLCompositeType, depth: int) -> str:
        roll = self.dice.random()
        if roll < 0.12 and depth:
            return self.inline_fragment(on, depth)
        if roll < 0.2 and depth:
            return self.spread(on, depth)
        fields = getattr(on, "fields", {})
        if not fields or roll < 0.25:
            return f"{self.alias()}__typename{self.condition()}"
        return self.field(on, self.dice.choice(list(fields)), depth)

    def field(self, on: Any, name: str, depth: int) -> str:
        definition = on.fields[name]
        self.size -= 1
        named = get_named_type(definition.type)
        below = ""
        if is_composite_type(named):
            if not depth or self.size < 0:
                return f"{self.alias()}__typename"
            below = " " + self.selections(named, depth - 1, self.dice.randint(1, 4))
        arguments = self.arguments(definition.args)
        return f"{self.alias()}{name}{arguments}{self.condition()}{below}"

    def alias(self) -> str:
        if self.chance(0.02):
            return f"{self.dice.choice(HOSTILE)}: "
        return f"{self.dice.choice(ALIASES)}: " if self.chance(0.15) else ""

    def overlapping(self, on: GraphQLCompositeType) -> GraphQLCompositeType:
        """Return a type that can share objects with the type, or sometimes one that cannot."""
        composite: list[Any] = [
            each
            for name, each in self.schema.type_map.items()
            if is_composite_type(each) and name[:2] != "__"
        ]
        possible = self.possible(on)
        fitting = [each for each in composite if self.possible(each) & possible]
        return self.dice.choice(composite if self.chance(0.1) else fitting)  # type: ignore[no-any-return]

    def possible(self, type_: GraphQLCompositeType) -> set[GraphQLObjectType]:
        return set(self.schema.get_possible_types(type_)) if is_abstract_type(type_) else {type_}  # type: ignore[arg-type]

    def inline_fragment(self, on: GraphQLCompositeType, depth: int) -> str:
        if self.chance(0.3):
            return f"...{self.condition()} {self.selections(on, depth, self.dice.randint(1, 3))}"
        inner = self.overlapping(on)
        below = self.selections(inner, depth - 1, self.dice.randint(1, 3))
        return f"... on {inner}{self.condition()} {below}"

    def spread(self, on: GraphQLCompositeType, depth: int) -> str:
        if not self.fragments or self.chance(0.5):
            inner = self.overlapping(on)
            body = self.selections(inner, depth - 1, self.dice.randint(1, 4))
            self.fragments[f"F{len(self.fragments)}"] = (
                inner,
                body,
            )  # added last, so that it spreads earlier fragments only
        return f"...{self.dice.choice(list(self.fragments))}{self.condition()}"

    def condition(self) -> str:
        if not self.chance(0.1):
            return ""
        directives = self.dice.sample(("skip", "include"), self.dice.choice((1, 1, 1, 2)))
        return "".join(f" @{directive}(if: {self.decision()})" for directive in directives)

    def decision(self) -> str:
        """Return a boolean literal or a boolean variable. A variable with a default may be omitted."""
        if self.chance(0.4):
            return json.dumps(self.chance(0.5))
        name = f"c{self.dice.randint(0, 2)}"
        if name not in self.definitions:
            has_default = self.chance(0.3)
            self.definitions[name] = "Boolean = true" if has_default else "Boolean!"
            if not has_default or self.chance(0.5):
                self.values[name] = self.chance(0.5)
            if has_default and self.reckless and self.chance(0.2):
                self.values[name] = None
        return f"${name}"

    # Values

    def arguments(self, arguments: Mapping[str, GraphQLArgument]) -> str:
        given: list[str] = []
        for name, argument in arguments.items():
            required = is_non_null_type(argument.type) and argument.default_value is Undefined
            if required or self.chance(self.given.get(name, 0.6)):
                if self.reckless and self.chance(0.05):
                    continue
                given.append(f"{name}: {self.argument(argument.type)}")
        return f"({', '.join(given)})" if given else ""

    def argument(self, type_: GraphQLInputType) -> str:
        value = self.value(type_)
        if not self.chance(0.4):
            return written(value)
        name = f"v{len(self.definitions)}"
        self.definitions[name] = str(type_)
        if not is_non_null_type(type_) and self.chance(0.3):
            if self.chance(0.5):
                self.definitions[name] += f" = {written(value)}"
            return f"${name}"
        self.values[name] = value
        return f"${name}"

    def value(self, type_: Any, share: float = 0.5) -> Any:
        """Return a value of an input type. `share` of the optional input fields are present, fewer at each level."""
        if self.reckless and self.chance(0.05):
            return self.dice.choice(WRONG)
        if is_non_null_type(type_):
            value = self.value(type_.of_type, share)
            return value if value is not None or self.reckless else self.value(type_, share)
        if self.chance(0.1):
            return None
        if is_list_type(type_):
            return [self.value(type_.of_type, share) for _ in range(self.dice.randint(0, 3))]
        if isinstance(type_, GraphQLEnumType):
            return EnumName(self.dice.choice(list(type_.values)))
        if isinstance(type_, GraphQLInputObjectType):
            return {
                name: self.value(each.type, share / 3)
                for name, each in type_.fields.items()
                if (is_non_null_type(each.type) and each.default_value is Undefined) or self.chance(share)
            }
        return self.dice.choice(self.scalars.get(type_.name, OTHER_SCALARS))


def written(value: Any) -> str:
    """Return a value as a GraphQL literal."""
    if isinstance(value, EnumName):
        return str(value)
    if isinstance(value, list):
        return f"[{', '.join(map(written, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {written(each)}" for name, each in value.items()) + "}"
    return json.dumps(value, ensure_ascii=False)


def generate(
    schema: GraphQLSchema, seed: int | str, *, kind: str = "query", **options: Any
) -> GeneratedDocument:
    """Return the document of a seed. `options` are those of `DocumentWriter`."""
    return DocumentWriter(schema, random.Random(f"{seed}"), **options).document(kind)  # noqa: S311 - nothing secret


def generate_valid(schema: GraphQLSchema, seed: int | str, **options: Any) -> GeneratedDocument:
    """Return the first valid document of a seed."""
    for attempt in count():
        generated = generate(schema, f"{seed} {attempt}", **options)
        if not validate(schema, parse(generated.text)):
            return generated
    raise AssertionError("count() never ends")
