"""The page that shows the board why it paid: one HTML file with pictures, which fetches nothing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from html import escape

from partners.money import Money
from partners.profit import Comparison, LineKind, Statement
from reports.profit_workbook import client_of, partner_of, week_of

_STYLE = """
:root{color-scheme:light}*{box-sizing:border-box}
body{font:16px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif;color:#1b2a38;background:#f4f6f8;margin:0}
main{max-width:1020px;margin:0 auto;padding:1.6rem 1.2rem 3rem}h1{font-size:1.7rem;line-height:1.2;margin:0 0 .3rem}
h2{font-size:1.1rem;margin:0 0 .7rem}p{margin:.3rem 0}.lead{font-size:1.15rem;max-width:60rem}
section{background:#fff;border:1px solid #dde3e9;border-radius:10px;padding:1.1rem 1.3rem;margin-top:1.1rem}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(170px,1fr));gap:.9rem;margin-top:1.1rem}
.tile{background:#fff;border:1px solid #dde3e9;border-radius:10px;padding:.8rem 1rem}.tile b{display:block;
font-size:1.15rem;font-variant-numeric:tabular-nums;white-space:nowrap}.tile span{color:#566575;font-size:.9rem}
.good{border-left:6px solid #1d7a4f}.bad{border-left:6px solid #b3392e}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{padding:.35rem .6rem;border-bottom:1px solid #e6ebef;text-align:right}
th:first-child,td:first-child{text-align:left}
thead th{font-size:.85rem;color:#566575;font-weight:600;vertical-align:bottom}
tr.sum td{font-weight:700;border-top:2px solid #1b2a38}
.wide{overflow-x:auto}
svg{width:100%;min-width:600px;height:auto;display:block}svg text{font:13px system-ui,sans-serif;fill:#1b2a38}
svg .mute{fill:#566575;font-size:12px}.note{color:#566575;font-size:.9rem}
@media print{body{background:#fff}section,.tile{break-inside:avoid}}
"""
_COLOURS = {
    LineKind.REVENUE: "#1d7a4f", LineKind.LABOUR: "#2f5d8a", LineKind.TRAVEL: "#6d93b8", LineKind.OVERTIME: "#a9c1d9",
    LineKind.PARTNER: "#c27c1a", LineKind.REWORK: "#e0b56c", LineKind.PENALTY: "#b3392e",
}  # fmt: skip
"""Of what is planned; fees for calling off and for introductions never are."""
_MOST_CLIENTS = 20


def profit_html(comparison: Comparison) -> str:
    """The page; every text in it is escaped."""
    planned, without = comparison.planned, comparison.without
    body = "".join(
        (
            f"<h1>{escape(comparison.campaign)}: why it paid</h1>",
            f'<p class="lead">{escape(_sentence(comparison))}</p>',
            _tiles(comparison),
            _section(
                "With partners and without", f'<div class="wide">{_bars(planned, without)}</div>{_kinds(comparison)}'
            ),
            _section("Week by week", _weeks(comparison)),
            _section("What partners brought", _table_by(comparison, "partner")),
            _section("Clients", _clients(comparison)),
            _foot(comparison),
        )
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(comparison.campaign)}: profit</title><style>{_STYLE}</style></head>"
        f"<body><main>{body}</main></body></html>"
    )


def _sentence(comparison: Comparison) -> str:
    hosts, lost = comparison.hosts, comparison.protected_with - comparison.protected_without
    gain = comparison.gain
    did = "earns" if gain.amount >= 0 else "earns less by"
    return (
        f"With partners {comparison.protected_with:,} of {hosts:,} machines are right in time, without them "
        f"{comparison.protected_without:,}: {lost:,} machines of {len(comparison.missed):,} clients would have been "
        f"missed. Working with partners {did} {_told(gain if gain.amount >= 0 else -gain)}"
        f"{' more' if gain.amount >= 0 else ''} than working alone."
    )


def _told(sum_: Money) -> str:
    return f"{sum_.amount:,.0f} {sum_.currency}"


def _tiles(comparison: Comparison) -> str:
    tiles = [
        ("profit with partners, planned", _told(comparison.planned.profit), comparison.planned.profit.amount),
        ("profit without them", _told(comparison.without.profit), comparison.without.profit.amount),
        ("gain", _told(comparison.gain), comparison.gain.amount),
        ("forecast today", _told(comparison.forecast.profit), comparison.forecast.profit.amount),
        ("earned so far", _told(comparison.actual.profit), comparison.actual.profit.amount),
    ]
    made = "".join(
        f'<div class="tile {"good" if amount >= 0 else "bad"}"><b>{escape(text)}</b><span>{escape(name)}</span></div>'
        for name, text, amount in tiles
    )
    return f'<div class="tiles">{made}</div>'


def _section(title: str, body: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{body}</section>"


@dataclass(frozen=True, slots=True)
class _Scale:
    """Money to places on a picture."""

    low: Decimal
    high: Decimal
    left: float
    right: float

    def at(self, amount: Decimal) -> float:
        """Where an amount lies."""
        share = float((amount - self.low) / (self.high - self.low)) if self.high > self.low else 0.0
        return round(self.left + share * (self.right - self.left), 1)


def _bars(planned: Statement, without: Statement) -> str:
    """Two rows, each: what comes in, what goes out by kind, what stays."""
    most = max(planned.total(LineKind.REVENUE).amount, without.total(LineKind.REVENUE).amount, Decimal(1))
    deepest = max(_costs(one) for one in (planned, without))
    scale = _Scale(Decimal(0), max(most, deepest), 150, 960)
    rows, at = [], 10
    for name, one in (("with partners", planned), ("without partners", without)):
        rows.append(f'<text x="0" y="{at + 20}" font-weight="600">{name}</text>')
        rows += _row("comes in", at, [(LineKind.REVENUE, one.total(LineKind.REVENUE).amount)], scale)
        rows += _row("goes out", at + 34, _out(one), scale)
        rows.append(f'<text class="mute" x="0" y="{at + 42}">stays: {escape(_told(one.profit))}</text>')
        at += 96
    words = 'role="img" aria-label="Revenue and costs with and without partners"'
    return f'<svg viewBox="0 0 1000 {at}" {words}>{"".join(rows)}</svg>{_legend()}'


def _costs(one: Statement) -> Decimal:
    return sum((amount for _, amount in _out(one)), Decimal(0))


def _out(one: Statement) -> list[tuple[LineKind, Decimal]]:
    """What goes out, by kind; rework that partners bear is taken off what they are paid."""
    rework = one.total(LineKind.REWORK).amount
    kinds = (LineKind.LABOUR, LineKind.TRAVEL, LineKind.OVERTIME, LineKind.PARTNER, LineKind.PENALTY)
    sums = [(kind, -one.total(kind).amount - (rework if kind is LineKind.PARTNER else 0)) for kind in kinds]
    return [(kind, amount) for kind, amount in sums if amount > 0]


def _row(label: str, at: int, parts: Sequence[tuple[LineKind, Decimal]], scale: _Scale) -> Iterator[str]:
    reached = Decimal(0)
    for kind, amount in parts:
        left, right = scale.at(reached), scale.at(reached + amount)
        width = max(0.5, right - left)
        yield (
            f'<rect x="{left}" y="{at}" width="{width:.1f}" height="28" fill="{_COLOURS[kind]}">'
            f"<title>{kind.value}: {amount:,.2f}</title></rect>"
        )
        if width > 86:
            yield f'<text x="{left + 6}" y="{at + 19}" style="fill:#fff">{kind.value} {amount:,.0f}</text>'
        reached += amount
    if not parts:
        yield f'<text class="mute" x="{scale.left}" y="{at + 19}">{label}: nothing</text>'


def _legend() -> str:
    kinds = [kind for kind in _COLOURS if kind is not LineKind.REWORK]
    spots = "".join(
        f'<rect x="{150 + 132 * n}" y="0" width="14" height="14" fill="{_COLOURS[kind]}"/>'
        f'<text x="{170 + 132 * n}" y="12">{kind.value}</text>'
        for n, kind in enumerate(kinds)
    )
    return f'<svg viewBox="0 0 1000 34" aria-hidden="true">{spots}</svg>'


def _kinds(comparison: Comparison) -> str:
    rows = [
        (kind.value, [one.total(kind) for one in comparison.statements])
        for kind in LineKind
        if any(one.total(kind).amount for one in comparison.statements)
    ]
    return _table(comparison, "", rows)


def _weeks(comparison: Comparison) -> str:
    planned = comparison.planned.by(week_of)
    without = comparison.without.by(week_of)
    weeks = sorted({*planned, *without})
    amounts = [one.amount for sums in (planned, without) for one in sums.values()]
    low, high = min([*amounts, Decimal(0)]), max([*amounts, Decimal(1)])
    scale = _Scale(low, high, 250, 30)
    zero, step = scale.at(Decimal(0)), 880 / max(1, len(weeks))
    drawn = [f'<line x1="90" x2="980" y1="{zero}" y2="{zero}" stroke="#1b2a38"/>']
    drawn += [
        f'<text class="mute" x="84" y="{scale.at(amount) + 4}" text-anchor="end">{amount:,.0f}</text>'
        for amount in (low, high)
    ]
    for number, week in enumerate(weeks):
        left = 100 + step * number
        for place, (sums, colour) in enumerate(((planned, "#1d7a4f"), (without, "#8fa3b5"))):
            amount = sums[week].amount if week in sums else Decimal(0)
            top, bottom = sorted((scale.at(amount), zero))
            width = min(60.0, step * 0.36)
            drawn.append(
                f'<rect x="{left + place * (width + 4):.1f}" y="{top}" width="{width:.1f}" height="{bottom - top:.1f}" '
                f'fill="{colour}"><title>{week}: {amount:,.2f}</title></rect>'
            )
        drawn.append(f'<text x="{left:.1f}" y="276">{escape(week)}</text>')
    drawn.append('<rect x="90" y="0" width="14" height="14" fill="#1d7a4f"/><text x="110" y="12">with partners</text>')
    drawn.append('<rect x="230" y="0" width="14" height="14" fill="#8fa3b5"/><text x="250" y="12">without</text>')
    return (
        '<div class="wide"><svg viewBox="0 0 1000 285" role="img" aria-label="Profit by week">'
        f"{''.join(drawn)}</svg></div>"
        '<p class="note">Profit by the week in which a visit is planned. Penalties fall due in the week of the '
        "deadline; machines that were right already are booked in the first week.</p>"
    )


def _table_by(comparison: Comparison, what: str) -> str:
    found = [one.by(partner_of) for one in comparison.statements]
    names = sorted({name for sums in found for name in sums})
    nothing = Money(Decimal(0), comparison.planned.currency)
    return _table(
        comparison,
        what,
        [(comparison.names.get(name, name), [sums.get(name, nothing) for sums in found]) for name in names],
    )


def _clients(comparison: Comparison) -> str:
    """Those that would have been missed, the most machines first."""
    planned, without = comparison.planned.by(client_of), comparison.without.by(client_of)
    nothing = Money(Decimal(0), comparison.planned.currency)
    names = sorted(comparison.missed, key=lambda one: (-comparison.missed[one], one))
    if not names:
        return "<p>No client would have been missed without partners.</p>"
    rows = "".join(
        f"<tr><td>{escape(comparison.names.get(name, name))}</td><td>{comparison.missed[name]:,}</td>"
        f"<td>{planned.get(name, nothing).amount:,.2f}"
        f"</td><td>{without.get(name, nothing).amount:,.2f}</td></tr>"
        for name in names[:_MOST_CLIENTS]
    )
    more = len(names) - _MOST_CLIENTS
    rest = f'<p class="note">and {more} clients more: the workbook lists them</p>' if more > 0 else ""
    head = "<th>client</th><th>machines missed without partners</th><th>profit with</th><th>profit without</th>"
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>{rest}'


def _table(comparison: Comparison, corner: str, rows: Sequence[tuple[str, Sequence[Money]]]) -> str:
    head = "".join(f"<th>{escape(one.name)}</th>" for one in comparison.statements)
    body = "".join(
        f"<tr><td>{escape(name)}</td>{''.join(f'<td>{one.amount:,.2f}</td>' for one in sums)}</tr>"
        for name, sums in rows
    )
    last = "".join(f"<td>{one.profit.amount:,.2f}</td>" for one in comparison.statements)
    return (
        f'<div class="wide"><table><thead><tr><th>{escape(corner)}</th>{head}</tr></thead><tbody>{body}'
        f'<tr class="sum"><td>profit</td>{last}</tr></tbody></table></div>'
    )


def _foot(comparison: Comparison) -> str:
    other = [line for one in comparison.statements for line in one.other]
    currencies = ", ".join(sorted({line.sum.currency for line in other}))
    apart = (
        f" Sums in {escape(currencies)} are not in these figures, for want of an exchange rate; the workbook has them."
        if other
        else ""
    )
    return (
        f'<p class="note">All figures in {escape(comparison.planned.currency)}. Revenue is that of signed clients '
        "only, machine by machine. Actual labour is the planned time of visits that are over; partners cost what was "
        f"verified and approved.{apart}</p>"
    )
