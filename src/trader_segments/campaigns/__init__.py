"""What campaigns did: uplift with its interval, and whom it would pay to address."""

from trader_segments.campaigns.qini import qini_curves
from trader_segments.campaigns.results import measure_campaigns
from trader_segments.campaigns.uplift import Uplift, cuped, measure_uplift

__all__ = ["Uplift", "cuped", "measure_campaigns", "measure_uplift", "qini_curves"]
