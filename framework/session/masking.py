"""Masking: account ids never reach a screen or a log as they are."""

from __future__ import annotations

__all__ = ["MaskedRecords", "masked", "masked_text"]

from framework.config.masks import MaskedRecords, masked, masked_text
