from decimal import Decimal

import strawberry

from schema.fields import column


@strawberry.type(description="An amount of money in one currency.")
class Money:
    amount: Decimal = column("Amount of money, with two decimals.")
    currency: str = column("ISO 4217 code of the currency.")
    total: Decimal = column("Amount of money, with two decimals.", name="amount", deprecated="Use `amount`.")
