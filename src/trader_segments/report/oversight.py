"""What the report tells risk and compliance, read from the published marts: counts, no id."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import duckdb

from trader_segments.report.charts import Chart, Table, stack_chart
from trader_segments.report.formats import (
    MISSING,
    decimal,
    exact,
    money,
    percent,
    words,
)
from trader_segments.report.rows import rows

LEVELS = ("prohibited", "enhanced", "standard", "simplified")
REVIEWS = {
    "overdue": "Overdue",
    "due-soon": "Due in 30 days",
    "later": "Later",
    "none": "None to come",
    "unknown": "Not known",
}
TIERS = ("critical", "high", "medium", "low", "unknown")
SOON = timedelta(days=30)
RULES_SHOWN = 20
POOLS_SHOWN = 12
PASSAGES_SHOWN = 8
WEEKS_SHOWN = 8


@dataclass(frozen=True)
class DueDiligence:
    """Traders who share what ``trader_due_diligence`` says of them."""

    level: str
    verification_status: str | None
    next_review_due_on: date | None
    is_overdue: bool | None
    is_held: bool
    traders: int

    def review(self, as_of_date: date) -> str:
        """Which of `REVIEWS` it is."""
        if self.is_overdue is None:
            return "unknown"
        if self.is_overdue:
            return "overdue"
        if self.next_review_due_on is None:
            return "none"
        return "due-soon" if self.next_review_due_on <= as_of_date + SOON else "later"


@dataclass(frozen=True)
class Hold:
    """Traders for whom nothing moves, by the reason."""

    hold_reason: str
    traders: int


@dataclass(frozen=True)
class Rule:
    """A rule of the current ruleset and the traders for whom it holds."""

    description: str
    factor: str
    points: int
    floor: str | None
    is_hold: bool
    traders: int


@dataclass(frozen=True)
class LevelChange:
    """Traders whose level changed on the last scoring date."""

    previous_level: str
    level: str
    traders: int


@dataclass(frozen=True)
class ServiceWeek:
    """One row of ``verification_service_levels``."""

    week_start_date: date
    submitted: int
    verified: int
    rejected: int
    not_verified: int
    median_hours_to_verify: float | None
    within_target_share: float | None
    target_share: float
    target_hours: float
    is_met: bool | None


@dataclass(frozen=True)
class RiskGroup:
    """Traders of a style and risk tier."""

    style: str
    risk_tier: str
    traders: int


@dataclass(frozen=True)
class RiskTier:
    """What the rules leave to the traders of a tier; losses in US dollars, above zero lost."""

    risk_tier: str
    monitoring_intensity: str
    traders: int
    top_factor: str | None
    lowest_leverage_cap: float | None
    held_withdrawals: int
    blocked_products: int
    tail_loss_usd: float | None


@dataclass(frozen=True)
class AccountGroup:
    """Accounts of a purpose."""

    purpose: str
    accounts: int
    equity_usd: float | None
    isolated: int
    breached: int
    breaches: int


@dataclass(frozen=True)
class Pool:
    """A collateral pool that the venue names, or all groups of one owner's accounts together.

    ``worst_loss_usd`` is what its positions lose in the scenario in which they lose most.
    """

    name: str | None
    pools: int
    traders: int
    equity_usd: float | None
    delta_usd: float | None
    gamma_usd: float | None
    vega_usd: float | None
    worst_scenario_id: str | None
    worst_loss_usd: float | None
    shortfall_usd: float | None
    largest_trader_share: float | None


@dataclass(frozen=True)
class Passage:
    """Loss that one named pool carries over to another."""

    from_pool_id: str
    to_pool_id: str
    shared_traders: int
    scenario_id: str | None
    pool_loss_usd: float | None
    carried_loss_usd: float | None
    carried_loss_share: float | None
    blast_radius_share: float | None


@dataclass(frozen=True)
class Oversight:
    """Everything that the sections on due diligence and risk show."""

    as_of_date: date | None
    ruleset_version: str | None
    due_diligence: Sequence[DueDiligence]
    holds: Sequence[Hold]
    rules: Sequence[Rule]
    changes: Sequence[LevelChange]
    weeks: Sequence[ServiceWeek]
    groups: Sequence[RiskGroup]
    tiers: Sequence[RiskTier]
    accounts: Sequence[AccountGroup]
    pools: Sequence[Pool]
    passages: Sequence[Passage]

    def count(self, **wanted: object) -> int:
        """Count traders by attributes of `DueDiligence`."""
        return sum(
            found.traders
            for found in self.due_diligence
            if all(getattr(found, name) == value for name, value in wanted.items())
        )

    @property
    def overdue_by_level(self) -> list[tuple[str, int]]:
        """Levels with overdue reviews, the strictest first."""
        counts = [(level, self.count(level=level, is_overdue=True)) for level in LEVELS]
        return [(level, traders) for level, traders in counts if traders]


def read_oversight(connection: duckdb.DuckDBPyConnection) -> Oversight:
    """Query the marts of the schema in use.

    Raises
    ------
    duckdb.Error
        Where a mart or column of the contract is missing.
    """
    found = connection.execute(
        "select max(as_of_date), max(ruleset_version) from trader_due_diligence"
    ).fetchone()
    assert found is not None
    return Oversight(
        as_of_date=found[0],
        ruleset_version=found[1],
        due_diligence=rows(connection, DueDiligence, _DUE_DILIGENCE),
        holds=rows(connection, Hold, _HOLDS),
        rules=rows(connection, Rule, _RULES),
        changes=rows(connection, LevelChange, _CHANGES),
        weeks=rows(connection, ServiceWeek, _WEEKS),
        groups=rows(connection, RiskGroup, _RISK_GROUPS),
        tiers=rows(connection, RiskTier, _TIERS),
        accounts=rows(connection, AccountGroup, _ACCOUNTS),
        pools=rows(connection, Pool, _POOLS),
        passages=rows(connection, Passage, _PASSAGES),
    )


def reviews(oversight: Oversight) -> Chart:
    """When reviews are due, within each level of due diligence."""
    as_of_date = oversight.as_of_date
    assert as_of_date is not None
    counts: Counter[tuple[str, str]] = Counter()
    for found in oversight.due_diligence:
        counts[found.level, found.review(as_of_date)] += found.traders
    known = {review for _, review in counts}
    levels = [level for level in LEVELS if oversight.count(level=level)]

    def parts(of: Sequence[str]) -> dict[str, int]:
        return {
            f"review-{review}": sum(counts[level, review] for level in of) for review in REVIEWS
        }

    return stack_chart(
        "due-diligence-reviews",
        "Reviews by level of due diligence",
        "Stacked bars: when the next review is due, among all traders and within each level.",
        "Level",
        {f"review-{review}": name for review, name in REVIEWS.items() if review in known},
        [("All levels", parts(levels)), *((words(level), parts([level])) for level in levels)],
    )


def review_legend(oversight: Oversight) -> list[tuple[str, str, str]]:
    """Colour class, name and share of all traders of each time of review."""
    assert oversight.as_of_date is not None
    counts: Counter[str] = Counter()
    for found in oversight.due_diligence:
        counts[found.review(oversight.as_of_date)] += found.traders
    return [
        (f"review-{review}", name, percent(counts[review] / counts.total()))
        for review, name in REVIEWS.items()
        if counts[review]
    ]


def verification(oversight: Oversight) -> Table:
    """Traders by verification status within each level."""
    statuses = sorted(
        {found.verification_status for found in oversight.due_diligence}, key=lambda s: s or "~"
    )
    return Table(
        ("Level", *(words(status) if status else "Not known" for status in statuses), "On hold"),
        [
            (
                words(level),
                *(
                    exact(oversight.count(level=level, verification_status=status))
                    for status in statuses
                ),
                exact(oversight.count(level=level, is_held=True)),
            )
            for level in LEVELS
            if oversight.count(level=level)
        ],
    )


def rules(oversight: Oversight) -> Table:
    """The rules that hold for most traders, those that hold everything back first."""
    return Table(
        ("Rule", "Factor", "Effect", "Traders"),
        [
            (rule.description, words(rule.factor), _effect(rule), exact(rule.traders))
            for rule in oversight.rules[:RULES_SHOWN]
        ],
        names=3,
    )


def _effect(rule: Rule) -> str:
    effects = [
        f"{rule.points} points" if rule.points else "",
        f"at least {rule.floor}" if rule.floor else "",
        "hold" if rule.is_hold else "",
    ]
    return ", ".join(effect for effect in effects if effect) or MISSING


def holds(oversight: Oversight) -> Table:
    """Why nothing moves, and for how many."""
    return Table(
        ("Hold", "Traders"), [(hold.hold_reason, exact(hold.traders)) for hold in oversight.holds]
    )


def changes(oversight: Oversight) -> Table:
    """Levels that changed on the last scoring date."""
    return Table(
        ("From", "To", "Traders"),
        [
            (words(change.previous_level), words(change.level), exact(change.traders))
            for change in oversight.changes
        ],
        names=2,
    )


def service_levels(oversight: Oversight) -> Table:
    """How long verification took, the latest weeks first."""
    return Table(
        (
            "Week from",
            "Submitted",
            "Verified",
            "Rejected",
            "Waiting",
            "Median hours",
            "In time",
            "Target met",
        ),
        [
            (
                f"{week.week_start_date}",
                exact(week.submitted),
                exact(week.verified),
                exact(week.rejected),
                exact(week.not_verified - week.rejected),
                decimal(week.median_hours_to_verify),
                percent(week.within_target_share),
                MISSING if week.is_met is None else "yes" if week.is_met else "no",
            )
            for week in oversight.weeks[:WEEKS_SHOWN]
        ],
    )


def risk_tiers(oversight: Oversight) -> Chart:
    """Tiers of market risk within each style."""
    counts: Counter[tuple[str, str]] = Counter()
    styles: Counter[str] = Counter()
    for group in oversight.groups:
        counts[group.style, group.risk_tier] += group.traders
        styles[group.style] += group.traders
    order = sorted(styles, key=lambda style: (-styles[style], style))
    known = [tier for tier in TIERS if any(counts[style, tier] for style in order)]

    def parts(of: Sequence[str]) -> dict[str, int]:
        return {f"risk-tier-{tier}": sum(counts[style, tier] for style in of) for tier in known}

    return stack_chart(
        "risk-tiers",
        "Tiers of market risk by style",
        "Stacked bars: share of each tier among all traders and within each style.",
        "Style",
        {f"risk-tier-{tier}": words(tier) for tier in known},
        [("All traders", parts(order)), *((words(style), parts([style])) for style in order)],
    )


def tier_legend(oversight: Oversight) -> list[tuple[str, str, str]]:
    """Colour class, name and share of all traders of each tier."""
    counts: Counter[str] = Counter()
    for group in oversight.groups:
        counts[group.risk_tier] += group.traders
    return [
        (f"risk-tier-{tier}", words(tier), percent(counts[tier] / counts.total()))
        for tier in TIERS
        if counts[tier]
    ]


def service_access(oversight: Oversight) -> Table:
    """What each tier is watched by, loses at worst and may still do."""
    return Table(
        (
            "Tier",
            "Monitoring",
            "Most often by",
            "Traders",
            "Tail losses",
            "Lowest leverage cap",
            "Withdrawals held",
            "Products blocked",
        ),
        [
            (
                words(tier.risk_tier),
                words(tier.monitoring_intensity),
                words(tier.top_factor),
                exact(tier.traders),
                money(tier.tail_loss_usd),
                decimal(tier.lowest_leverage_cap),
                exact(tier.held_withdrawals),
                exact(tier.blocked_products),
            )
            for tier in oversight.tiers
        ],
        names=3,
    )


def accounts(oversight: Oversight) -> Table:
    """Accounts by what they are for."""
    return Table(
        ("Purpose", "Accounts", "Equity", "Isolated", "Of them breached", "Breaches, 90 days"),
        [
            (
                words(group.purpose),
                exact(group.accounts),
                money(group.equity_usd),
                exact(group.isolated),
                exact(group.breached),
                exact(group.breaches),
            )
            for group in oversight.accounts
        ],
    )


def pools(oversight: Oversight) -> Table:
    """Collateral pools, the largest first; groups of one owner's accounts are one row."""
    return Table(
        (
            "Pool",
            "Worst scenario",
            "Traders",
            "Equity",
            "Delta",
            "Gamma, 1 %",
            "Vega, 1 point",
            "Loss in it",
            "Beyond equity",
            "Largest trader",
        ),
        [
            (
                pool.name or f"{exact(pool.pools)} groups of one owner each",
                words(pool.worst_scenario_id),
                exact(pool.traders),
                money(pool.equity_usd),
                money(pool.delta_usd),
                money(pool.gamma_usd),
                money(pool.vega_usd),
                money(pool.worst_loss_usd),
                money(pool.shortfall_usd),
                percent(pool.largest_trader_share),
            )
            for pool in oversight.pools[:POOLS_SHOWN]
        ],
        names=2,
    )


def passages(oversight: Oversight) -> Table:
    """Where losses of a pool go beside itself, the largest first."""
    return Table(
        (
            "Pool that loses",
            "Pool that pays",
            "Scenario",
            "Shared traders",
            "Loss",
            "Carried over",
            "Per unit of loss",
            "Blast radius",
        ),
        [
            (
                passage.from_pool_id,
                passage.to_pool_id,
                words(passage.scenario_id),
                exact(passage.shared_traders),
                money(passage.pool_loss_usd),
                money(passage.carried_loss_usd),
                percent(passage.carried_loss_share),
                percent(passage.blast_radius_share),
            )
            for passage in oversight.passages[:PASSAGES_SHOWN]
        ],
        names=3,
    )


_DUE_DILIGENCE = """
select
    level,
    verification_status,
    next_review_due_on,
    is_overdue,
    hold_reason is not null as is_held,
    count(*) as traders
from trader_due_diligence
group by all
order by all
"""

_HOLDS = """
select hold_reason, count(*) as traders
from trader_due_diligence
where hold_reason is not null
group by all
order by traders desc, hold_reason
"""

_RULES = """
select
    rulesets.description,
    rulesets.factor,
    rulesets.points,
    rulesets.floor,
    rulesets.is_hold,
    count(*) as traders
from (
    select
        ruleset_version,
        unnest(from_json(factors, '[{"rule_id": "VARCHAR"}]')).rule_id as rule_id
    from trader_due_diligence
) as held
inner join due_diligence_rulesets as rulesets using (ruleset_version, rule_id)
group by all
order by rulesets.is_hold desc, traders desc, rulesets.description
"""

_CHANGES = """
select previous_level, level, count(*) as traders
from trader_due_diligence_history
where valid_from = (select max(as_of_date) from trader_due_diligence)
    and previous_level != level
group by all
order by traders desc, previous_level, level
"""

_WEEKS = """
select
    week_start_date,
    submitted,
    verified,
    rejected,
    not_verified,
    median_hours_to_verify,
    within_target_share,
    target_share,
    target_hours,
    is_met
from verification_service_levels
order by week_start_date desc
"""

_RISK_GROUPS = """
select coalesce(style, 'unclassified') as style, risk_tier, count(*) as traders
from trader_risk_profile
left join trader_segments using (trader_id)
group by all
order by all
"""

_TIERS = """
select
    risk_tier,
    monitoring_intensity,
    count(*) as traders,
    mode(top_factor order by top_factor) as top_factor,
    min(leverage_cap) as lowest_leverage_cap,
    count(*) filter (withdrawal_hold_hours > 0) as held_withdrawals,
    count(*) filter (allowed_products != most_products) as blocked_products,
    sum(tail_loss_usd)::double as tail_loss_usd
from trader_risk_profile
cross join (
    select arg_max(allowed_products, length(allowed_products)) as most_products
    from trader_risk_profile
) as products
group by risk_tier, monitoring_intensity
order by list_position(['critical', 'high', 'medium', 'low', 'unknown'], risk_tier)
"""

_ACCOUNTS = """
select
    purpose,
    count(*) as accounts,
    sum(equity_usd)::double as equity_usd,
    count(*) filter (margin_mode = 'isolated') as isolated,
    count(*) filter (isolation_breach_count > 0) as breached,
    coalesce(sum(isolation_breach_count), 0)::bigint as breaches
from account_segments
group by all
order by accounts desc, purpose
"""

# A group of one owner's accounts is named for the account: an id, which the report does not show.
_POOL_NAME = "case when not regexp_matches({0}, '^(account|group):') then {0} end"

_POOLS = f"""
with exposures as (
    select
        {_POOL_NAME.format("pool_id")} as name,
        count(distinct pool_id) as pools,
        sum(trader_count)::bigint as traders,
        sum(equity_usd)::double as equity_usd,
        sum(delta_usd)::double as delta_usd,
        sum(gamma_usd)::double as gamma_usd,
        sum(vega_usd)::double as vega_usd,
        max(largest_trader_share) as largest_trader_share
    from pool_exposure
    group by all
),

losses as (
    select
        {_POOL_NAME.format("pool_id")} as name,
        scenario_id,
        sum(position_loss_usd) as loss_usd,
        sum(shortfall_usd)::double as shortfall_usd
    from pool_scenario_losses
    group by name, scenario_id
    qualify row_number() over (partition by name order by loss_usd desc, scenario_id) = 1
)

select
    exposures.name,
    exposures.pools,
    exposures.traders,
    exposures.equity_usd,
    exposures.delta_usd,
    exposures.gamma_usd,
    exposures.vega_usd,
    losses.scenario_id as worst_scenario_id,
    losses.loss_usd::double as worst_loss_usd,
    losses.shortfall_usd,
    case when exposures.name is not null then exposures.largest_trader_share end
        as largest_trader_share
from exposures
left join losses on exposures.name is not distinct from losses.name
order by exposures.equity_usd desc nulls last, exposures.name
"""

_PASSAGES = f"""
select
    from_pool_id,
    to_pool_id,
    shared_trader_count as shared_traders,
    scenario_id,
    pool_loss_usd::double as pool_loss_usd,
    carried_loss_usd::double as carried_loss_usd,
    carried_loss_share,
    blast_radius_share
from pool_contagion
where
    from_pool_id != to_pool_id
    and {_POOL_NAME.format("from_pool_id")} is not null
    and {_POOL_NAME.format("to_pool_id")} is not null
    and carried_loss_usd > 0
order by carried_loss_usd desc, from_pool_id, to_pool_id
"""
