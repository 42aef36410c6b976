"""Behavioural segments: rules label the clear cases, a shrinkage LDA learns everybody else."""

from trader_segments.segmentation.challenge import PromotionPolicy
from trader_segments.segmentation.fitting import fit
from trader_segments.segmentation.micro import micro_segment_table
from trader_segments.segmentation.model import SegmentationModel
from trader_segments.segmentation.parameters import parameter_table, rule_table
from trader_segments.segmentation.quality import measure_quality
from trader_segments.segmentation.refits import RefitPolicy
from trader_segments.segmentation.registry import champion, choose_model, predecessor
from trader_segments.segmentation.scoring import Scores, score, style_reasons

__all__ = [
    "PromotionPolicy",
    "RefitPolicy",
    "Scores",
    "SegmentationModel",
    "champion",
    "choose_model",
    "fit",
    "measure_quality",
    "micro_segment_table",
    "parameter_table",
    "predecessor",
    "rule_table",
    "score",
    "style_reasons",
]
