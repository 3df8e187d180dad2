"""Entity disambiguation: link each name in a text to an entity or NIL (candidates, ranking).

`graph` holds the entities with their facts and generates candidates by name; `features` measures
how well each fits the context and the graph; `ranker` turns the features into probabilities, with
weights learnt by `training`; `select` combines these; `linking` applies them to the mentions that
the extraction stage found in texts.
"""

from kg_builder.fusion.config import DisambiguationConfig
from kg_builder.fusion.disambiguation.graph import EntityGraph, entity_graph
from kg_builder.fusion.disambiguation.ranker import Ranker
from kg_builder.fusion.disambiguation.select import Choice, Decision, disambiguate
from kg_builder.fusion.disambiguation.text_mentions import Mention, TextMentions
from kg_builder.fusion.disambiguation.training import distant_examples, train

__all__ = [
    "Choice",
    "Decision",
    "DisambiguationConfig",
    "EntityGraph",
    "Mention",
    "Ranker",
    "TextMentions",
    "disambiguate",
    "distant_examples",
    "entity_graph",
    "train",
]
