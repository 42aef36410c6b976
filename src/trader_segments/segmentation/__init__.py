"""Behavioural segments: rules label the clear cases, a shrinkage LDA learns everybody else."""

from trader_segments.segmentation.model import Scores, SegmentationModel, fit, score
from trader_segments.segmentation.quality import measure_quality
from trader_segments.segmentation.registry import champion, choose_model

__all__ = [
    "Scores",
    "SegmentationModel",
    "champion",
    "choose_model",
    "fit",
    "measure_quality",
    "score",
]
