"""From the text of a rule to its expression, by recursive descent. Every mistake has its place and what would be right.

truth      = conjunction { "or" conjunction }
conjunction = negation { "and" negation }
negation   = "not" negation | comparison
comparison = sum [ ("<" | "<=" | ">" | ">=" | "==" | "!=") sum ]
sum        = product { ("+" | "-") product }
product    = sign { ("*" | "/") sign }
sign       = "-" sign | atom
atom       = number | value | function "(" value [ "," duration ] ")" | "(" truth ")"
value      = name [ "[" text "]" ]
"""

from collections.abc import Collection

from alerts.rules.custom.expression import (
    OVER_SUBJECTS,
    OVER_TIME,
    TRUTHS,
    Arithmetic,
    Both,
    Comparison,
    Expression,
    Negative,
    Not,
    Number,
    OverSubjects,
    OverTime,
    Value,
    values,
)
from alerts.rules.custom.tokens import Kind, Mistaken, Token, tokens
from ledger.durations import parse_seconds
from ledger.quantities import seconds_text

SHORTEST, LONGEST = 30.0, 6 * 3600.0  # seconds of a function over time
DEEPEST = 50
_COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")


def parse(text: str, known: Collection[str]) -> Expression:
    """The expression of a rule, which is true where something is bad. `known`: the names of the values there are.

    Raises Mistaken; for a name that is not known `nearest_to` of the caller may say which was meant.
    """
    parser = _Parser(list(tokens(text)), known)
    expression = parser.truth()
    parser.expect_end()
    if not isinstance(expression, TRUTHS):
        raise Mistaken(1, "it is a number; a rule says when that is bad, such as … > 5")
    if not values(expression):
        raise Mistaken(1, "it names no value that is observed, and would never change")
    return expression


class UnknownName(Mistaken):
    """Nothing of that name is observed."""

    def __init__(self, at: int, name: str) -> None:
        super().__init__(at, f"nothing is observed under the name {name!r}")
        self.name = name


class _Parser:
    def __init__(self, read: list[Token], known: Collection[str]) -> None:
        self._read = read
        self._next = 0
        self._known = known
        self._depth = 0

    def truth(self) -> Expression:
        self._depth += 1
        if self._depth > DEEPEST:
            raise Mistaken(self._token.at, "it is nested too deeply")
        left = self._conjunction()
        while self._take("or"):
            left = Both("or", self._true(left), self._true(self._conjunction()))
        self._depth -= 1
        return left

    def expect_end(self) -> None:
        if self._token.kind is not Kind.END:
            raise Mistaken(self._token.at, f"{self._token.text!r} was not expected here")

    def _conjunction(self) -> Expression:
        left = self._negation()
        while self._take("and"):
            left = Both("and", self._true(left), self._true(self._negation()))
        return left

    def _negation(self) -> Expression:
        negations = 0
        while self._take("not"):
            negations += 1
        expression = self._comparison()
        if negations == 0:
            return expression
        return Not(self._true(expression)) if negations % 2 else self._true(expression)

    def _comparison(self) -> Expression:
        left = self._sum()
        if self._token.kind is not Kind.SIGN or self._token.text not in _COMPARISONS:
            return left
        sign = self._advance().text
        right = self._sum()
        if self._token.text in _COMPARISONS:
            raise Mistaken(self._token.at, "one comparison at a time; join two with “and”")
        return Comparison(sign, self._number(left), self._number(right))

    def _sum(self) -> Expression:
        left = self._product()
        while self._token.kind is Kind.SIGN and self._token.text in "+-":
            sign = self._advance().text
            left = Arithmetic(sign, self._number(left), self._number(self._product()))
        return left

    def _product(self) -> Expression:
        left = self._signed()
        while self._token.kind is Kind.SIGN and self._token.text in "*/":
            sign = self._advance().text
            left = Arithmetic(sign, self._number(left), self._number(self._signed()))
        return left

    def _signed(self) -> Expression:
        minus = 0
        while self._take("-"):
            minus += 1
        expression = self._atom()
        return Negative(self._number(expression)) if minus % 2 else expression

    def _atom(self) -> Expression:
        token = self._advance()
        if token.kind is Kind.NUMBER:
            return Number(token.number)
        if token.kind is Kind.SIGN and token.text == "(":
            inner = self.truth()
            self._expect(")")
            return inner
        if token.kind is Kind.NAME and self._token.text == "(":
            return self._function(token)
        if token.kind is Kind.NAME:
            return self._value(token)
        what = "the end" if token.kind is Kind.END else repr(token.text)
        raise Mistaken(token.at, f"a value, a number or a function was expected, not {what}")

    def _function(self, name: Token) -> Expression:
        if name.text not in (*OVER_TIME, *OVER_SUBJECTS):
            there = ", ".join((*OVER_TIME, *OVER_SUBJECTS))
            raise Mistaken(name.at, f"{name.text!r} is no function; there are {there}")
        self._expect("(")
        value = self._value(self._advance())
        if name.text in OVER_SUBJECTS:
            self._expect(")")
            return OverSubjects(name.text, value)
        self._expect(",")
        seconds = self._duration(self._advance())
        self._expect(")")
        return OverTime(name.text, value, seconds)

    def _value(self, token: Token) -> Value:
        if token.kind is not Kind.NAME:
            raise Mistaken(token.at, f"the name of a value was expected, not {token.text!r}")
        if token.text not in self._known:
            raise UnknownName(token.at, token.text)
        if not self._take("["):
            return Value(token.text, token.at)
        subject = self._advance()
        if subject.kind is not Kind.TEXT or not subject.text.strip():
            raise Mistaken(subject.at, 'the subject stands in quotes, such as disk_used["/var"]')
        self._expect("]")
        return Value(token.text, token.at, subject.text.strip())

    def _duration(self, token: Token) -> float:
        try:
            seconds = token.number if token.kind is Kind.NUMBER else parse_seconds(token.text)
        except ValueError as error:
            raise Mistaken(token.at, str(error)) from None
        if not SHORTEST <= seconds <= LONGEST:
            between = f"{seconds_text(SHORTEST)} and {seconds_text(LONGEST)}"
            raise Mistaken(token.at, f"a function looks back between {between}")
        return seconds

    def _number(self, expression: Expression) -> Expression:
        if isinstance(expression, TRUTHS):
            raise Mistaken(self._token.at, "yes or no is no number here; compare or count with values")
        return expression

    def _true(self, expression: Expression) -> Expression:
        if not isinstance(expression, TRUTHS):
            raise Mistaken(self._token.at, "a comparison was expected, such as … > 5")
        return expression

    @property
    def _token(self) -> Token:
        return self._read[self._next]

    def _advance(self) -> Token:
        token = self._token
        if token.kind is not Kind.END:
            self._next += 1
        return token

    def _take(self, text: str) -> bool:
        if self._token.kind in (Kind.SIGN, Kind.NAME) and self._token.text == text:
            self._next += 1
            return True
        return False

    def _expect(self, text: str) -> None:
        token = self._token
        if not self._take(text):
            raise Mistaken(token.at, f"{text!r} was expected here")
