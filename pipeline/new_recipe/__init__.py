"""Write a first recipe for undescribed files, by guessing the meaning of every column."""
