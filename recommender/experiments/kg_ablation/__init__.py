"""Knowledge-graph ablation: the same models and rows trained with different graphs."""
