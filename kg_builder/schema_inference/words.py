"""Look up what column and file names mean, in some twenty languages."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from kg_builder.extraction.values import without_accents

_ENTITIES: Final = {
    "user": "user users playlist playlists usr listener username account accounts customer "
    "customers subscriber subscribers participant participants reviewer usuario usuarios kunde "
    "kunden kundin abonnent abonnenten teilnehmer hoerer abonne abonnes auditeur auditeurs cliente "
    "clientes suscriptor oyente assinante ouvinte abbonato ascoltatore klant abonnee luisteraar "
    "klient kund lyssnare "
    "utilisateur nutzer benutzer horer utente utilizador gebruiker uzytkownik kullanici bruker "
    "anvandare пользователь ユーザー 用户",
    "friend": "friend friends freund freunde ami amis amigo amigos follows followee",
    "artist": "artist artists art artista artistas artiste artistes artiest kunstler kuenstler "
    "interpret interprete interpreten band bands gruppe grupo groupe musician musicians singer "
    "performer act creator wykonawca artysta sanatci cantante "
    "исполнитель группа アーティスト 歌手 艺人",
    "song": "song songs track tracks trk recording lied lieder cancion canciones chanson canzone "
    "tema faixa morceau brano piosenka utwor sarki musica nummer песня трек 曲 歌曲",
    "album": "album albums release releases record disco disque disc lp master masters platte "
    "alben discos альбом アルバム 专辑",
    "label": "label labels imprint imprints sello discografica plattenfirma etichetta gravadora "
    "platenlabel "
    "wytwornia лейбл レーベル plattenlabel etichette gravadoras platenmaatschappij skivbolag "
    "plateselskap pladeselskab лейблы лейбли δισκογραφική 레이블 唱片公司 厂牌 vydavatelství "
    "lemezkiadó",
    "genre": "genre genres genero generos style styles stil stile stili estilo estilos subgenre "
    "musikrichtung gatunek tur жанр жанры ジャンル 流派",
    "tag": "tag tags keyword keywords etiqueta etiquetas schlagwort schlagworte mood moods",
    "member": "member members lineup mitglied mitglieder membre membres miembro miembros membro "
    "membri membros integrantes besetzung leden czlonkowie участники メンバー 成员",
    "country": "country countries nation nations pais pays land paese nationality nationalitat "
    "nationalite "
    "nacionalidad herkunftsland kraj ulke страна 国 国家",
    "city": "city hometown origin origen origine herkunft ciudad ville stadt citta cidade plaats "
    "miasto город birthplace geburtsort geboorteplaats födelseort fødested syntymäpaikka "
    "naturalidade 出生地 出身地",
    "instrument": "instrument instruments instrumento instrumentos instrumente strumento strumenti "
    "инструмент 楽器",
    "language": "language languages lang sprache langue idioma lingua taal jezyk язык 言語 语言",
    "composer": "composer composers komponist komponisten compositeur compositor compositore "
    "componist kompozytor композитор 作曲 作曲家",
    "writer": "writer writers songwriter songwriters lyricist lyricists letrista textdichter "
    "parolier paroliere author authors autor autores auteur autore 作詞 作者",
    "producer": "producer producers produzent produzenten producteur productor produttore produtor",
    "movie": "movie movies film films pelicula pelicule",
    "book": "book books buch bucher libro libros livre livres livro",
    "item": "item items product",
    "similar": "similar ahnliche similaires similares",
    "influence": "influence influences influencias einflusse influenced",
    "award": "award awards preis preise prix premio premios premi recompense recompenses "
    "auszeichnung auszeichnungen galardon galardones prijs prijzen nagroda nagrody utmärkelse "
    "utmärkelser ödül ödüller награда награды премия 賞 受賞 奖项",
}  # fmt: skip
_ATTRIBUTES: Final = {
    "id": "id ids msid key uid uuid guid gid nr index sha1 identifier identifiant identificador "
    "identificativo identificatore identifikator kennung",
    "code": "code codigo codice kode kod",
    "name": "name names nom nombre nome naam nazwa title titles titel titulo titre titolo tytul "
    "imie adi имя название 名前 名称 名字 名 タイトル 标题",
    "catalog": "catalog catalogue catno katalog katalognr katalognummer bestellnummer sku catalogo",
    "alias": "alias aliases aka akas variation variations namevariations synonym synonyms "
    "pseudonym",
    "mbid": "mbid mbids musicbrainz",
    "wikidata": "wikidata qid",
    "dbpedia": "dbpedia wikipedia",
    "discogs": "discogs",
    "spotify": "spotify",
    "freebase": "freebase",
    "isrc": "isrc isrcs",
    "iswc": "iswc iswcs",
    "upc": "upc upcs ean eans gtin barcode barcodes strichcode codebarre",
    "isni": "isni isnis",
    "isbn": "isbn isbns isbn10 isbn13",
    "address": "uri url href link address permalink",
    "homepage": "homepage website site webseite web",
    "image": "image images cover picture thumbnail artwork bild photo poster",
    "begin": "inception born birth birthdate birthday dob formed founded begin beginning start "
    "since geboren geburtsdatum geburtsjahr geburtstag gegründet gegruendet gründung gründungsjahr "
    "beginn anfang seit début naissance formation depuis inicio comienzo fundación formación "
    "fundado fundada nacimiento nacido nacida desde inizio nascita nato nata fondazione início "
    "nascimento nascido nascida fundação formação geboorte geboortedatum geboortejaar opgericht "
    "oprichting sinds początek urodzenia założenia född födelsedatum födelseår bildad grundad "
    "født fødselsdato stiftet syntynyt doğum kuruluş başlangıç рождения родился родилась "
    "основания начало 生年 生年月日 結成 出生 成立",
    "end": "death died deathdate disbanded dissolved split end ended until ende bis gestorben "
    "verstorben tod todesdatum todesjahr todestag sterbedatum sterbejahr aufgelöst auflösung fin "
    "décès décédé décédée mort dissolution séparation jusqu muerte fallecimiento fallecido "
    "fallecida disolución hasta fine morte morto morta decesso scioglimento fim falecimento "
    "falecido falecida dissolução até einde einddatum overleden overlijden overlijdensdatum "
    "opgeheven tot koniec śmierci rozwiązania slut död dödsdatum upplöst død dødsdato oppløst "
    "opløst kuollut ölüm bitiş смерти умер умерла распада конец 没年 死没 解散 去世 逝世",
    "released": "released year jahr ano anio annee anno jaar rok yil erscheinungsjahr "
    "erscheinungsdatum veroffentlicht lanzamiento sortie uscita год дата 年 年份 発売日",
    "published": "erschienen erscheinung veröffentlichung veröffentlichungsdatum releasedatum "
    "published publication "
    "parution publié publiée sorti publicado publicada publicación lanzado lanzada estreno "
    "pubblicato pubblicata pubblicazione uscito lançamento lançado lançada publicação uitgebracht "
    "verschenen wydania utgiven udgivet",
    "event": "added updated modified purchased bought imported recorded hinzugefügt geändert "
    "aktualisiert gekauft aufgenommen ajouté acheté modifié enregistré añadido comprado modificado "
    "grabado aggiunto acquistato modificato registrato",
    "date": "date datum fecha data",
    "time": "timestamp time ts uts datetime listened played playedat listenedat endtime when "
    "unixtime zeit heure hora zeitpunkt zeitstempel uhrzeit horodatage tijdstip momento",
    "duration": "duration length len dauer duree duracion durata laufzeit lange duracao runtime "
    "playtime spieldauer spielzeit ms "
    "msec millis seconds",
    "tracknumber": "trackno tracknr tracknumber position",
    "description": "description bio biography summary profile abstract beschreibung",
    "plays": "plays playcount count counts listens scrobbles weight listencount frequency streams "
    "ecoutes reproducciones wiedergaben ascolti anzahl 再生回数",
    "rating": "rating ratings score stars bewertung wertung puntuacion valoracion calificacion "
    "voto nota sterne рейтинг оценка 評価 评分",
    "type": "type class kind typ tipo art_type category",
    "other": "listeners followers",
    "gender": "gender sex geschlecht genero_usuario sexe",
    "age": "age alter edad",
    "occupation": "occupation job profession beruf",
}  # fmt: skip
_OPINIONS: Final = {
    "like": "like likes liked love loves loved favorite favorites favorited favourite favourites "
    "favourited starred hearted thumbup thumbsup upvote upvoted 👍 ❤ gefallt gemocht aime gusta "
    "favorito favorita curtir curtiu gostei piace",
    "act": "up positive save saved add added follow share shared buy bought purchase purchased "
    "play played listen listened complete completed",
    "dislike": "down negative dislike dislikes disliked hate hated ban banned downvote downvoted "
    "thumbdown thumbsdown 👎 skip skipped unlike unliked reject rejected",
    "neither": "neutral none meh view viewed impression block blocked remove removed undislike",
    "feedback": "feedback reaction reactions vote votes thumb thumbs opinion target",
}
OPINIONS: Final = {kind: frozenset(words.split()) for kind, words in _OPINIONS.items()}
"""What feedback is called, in values and names of columns: that of those who like something, other
acts that tell that something is liked, those of dislike, what tells neither, and all of them."""

OF_VALUES: Final = (".type", ".datatype", "xml:lang")
"""What SPARQL's results in JSON tell of each value."""

_FEATURES: Final = frozenset({
    "danceability", "energy", "loudness", "speechiness", "acousticness", "instrumentalness",
    "liveness", "valence", "tempo", "key", "mode", "bpm", "popularity", "explicit",
})  # fmt: skip
_PHRASES: Final = {
    "also known as": ("", "alias"),
    "year of birth": ("", "begin"),
    "release date": ("", "released"),
    "release year": ("", "released"),
    "track number": ("", "tracknumber"),
    "play count": ("", "plays"),
    "track no": ("", "tracknumber"),
    "artist no": ("artist", "id"),
    "album no": ("album", "id"),
    "song no": ("song", "id"),
    "item no": ("item", "id"),
    "product no": ("item", "id"),
    "customer no": ("user", "id"),
    "user no": ("user", "id"),
    "member no": ("user", "id"),
    "played at": ("", "time"),
    "listened at": ("", "time"),
    "end time": ("", "time"),
    "debut album": ("album", ""),
    "artist role": ("", "other"),
    "artist roles": ("", "other"),
    "local de nascimento": ("city", ""),
    "local nascimento": ("city", ""),
    "birth year": ("", "begin"),
    "start year": ("", "begin"),
    "end year": ("", "end"),
    "begin year": ("", "begin"),
    "listen count": ("", "plays"),
    "ms played": ("", "played"),
    "date added": ("", "other"),
    "date modified": ("", "other"),
    "last modified": ("", "other"),
    "purchase date": ("", "other"),
    "date of last skip": ("", "other"),
    "skip count": ("", "other"),
    "event id": ("", "other"),
    "recording date": ("", "other"),
    "record date": ("", "other"),
    "recording year": ("", "other"),
    "start timestamp": ("", "time"),
    "start position": ("", "other"),
    "end position": ("", "other"),
    "utc offset": ("", "other"),
    "track count": ("", "other"),
    "disc count": ("", "other"),
    "apple id": ("", "other"),
    "asin": ("", "id"),
    "play date": ("", "last time"),
    "play date utc": ("", "last time"),
    "last played": ("", "last time"),
    "time signature": ("", "other"),
    "type id": ("", "other"),
    "total time": ("", "duration"),
    "play duration": ("", "played"),
    "play duration milliseconds": ("", "played"),
    "stream duration ms": ("", "played"),
    "consumption duration ms": ("", "played"),
    "listening time": ("", "played"),
    "release ts": ("", "released"),
    "release timestamp": ("", "released"),
    "track num": ("", "tracknumber"),
    "movement number": ("", "other"),
    "begin area": ("city", ""),
    "rym album": ("album", "id"),
    "first name": ("", "first name"),
    "last name": ("", "last name"),
    "format": ("", "medium"),
    "formats": ("", "medium"),
    "formato": ("", "medium"),
    "media": ("", "medium"),
    "medium": ("", "medium"),
    "media type": ("", "medium"),
    "tontrager": ("", "medium"),
    "created at": ("", "time"),
    "updated at": ("", "other"),
    "country code": ("country", ""),
    "release country": ("country", ""),
    "record label": ("label", ""),
    "record company": ("label", ""),
    "maison de disques": ("label", ""),
    "maisons de disques": ("label", ""),
    "maison disques": ("label", ""),
    "casa de discos": ("label", ""),
    "casă de discuri": ("label", ""),
    "case de discuri": ("label", ""),
    "levy yhtiö": ("label", ""),
    "levy yhtiöt": ("label", ""),
    "plak şirketi": ("label", ""),
    "müzik şirketi": ("label", ""),
    "segell discogràfic": ("label", ""),
    "perusahaan rekaman": ("label", ""),
    "hãng đĩa": ("label", ""),
    "חברת תקליטים": ("label", ""),
    "شركة التسجيل": ("label", ""),
    "release id": ("album", "id"),
    "play time": ("", "duration"),
    "playing time": ("", "duration"),
    "running time": ("", "duration"),
    "run time": ("", "duration"),
    "track time": ("", "duration"),
    "street date": ("", "released"),
    "rated on": ("", "time"),
    "rated at": ("", "time"),
    "date rated": ("", "time"),
    "rating date": ("", "time"),
    "played on": ("", "time"),
    "date played": ("", "time"),
    "listened on": ("", "time"),
    "liked on": ("", "time"),
    "liked at": ("", "time"),
    "reviewed on": ("", "time"),
    "review date": ("", "time"),
    "created on": ("", "time"),
    "home town": ("city", ""),
    "active from": ("", "begin"),
    "active to": ("", "end"),
    "conn country": ("", "other"),
    "ip addr": ("", "other"),
    "album artist name": ("artist", "name"),
    "album album name": ("album", "name"),
}

_PLACES: Final = frozenset({
    "place", "lieu", "lugar", "luogo", "ort", "plaats", "miejsce", "yeri", "место",
})  # fmt: skip
"""Words that make of a birth its place."""


MEANING: Final = {
    without_accents(word): ("", attribute)
    for attribute, words in _ATTRIBUTES.items()
    for word in words.split()
} | {
    without_accents(word): (entity, "")
    for entity, words in _ENTITIES.items()
    for word in words.split()
}


def words_of(kind: str) -> str:
    """The words that columns call a kind of entity or a property, as one text."""
    return (_ENTITIES | _ATTRIBUTES)[kind]


CLASSES: Final = {
    "artist": "Artist", "song": "Song", "album": "Album", "movie": "Movie", "book": "Book",
    "label": "RecordLabel", "genre": "Genre", "tag": "Tag", "membership": "Membership",
    "honour": "Honour", "release": "Release",
}  # fmt: skip
"""Kinds of entities that have rows, and their classes in the data model."""

WORKS: Final = frozenset({"song", "album", "movie", "book", "release"})


_LONGEST: Final = 40
"""Longest word that may be two written as one."""


def plain_words(name: str) -> list[str]:
    """Split a name into lower-case words without accents: "trackArtist_ID" gives three.

    >>> plain_words("trackArtist_ID"), plain_words("Künstler"), plain_words("msPlayed")
    (['track', 'artist', 'id'], ['kunstler'], ['ms', 'played'])
    """
    text = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return [part for word in re.findall(r"[^\W_]+", without_accents(text)) for part in _parts(word)]


@lru_cache(maxsize=4096)
def _parts(word: str) -> tuple[str, ...]:
    """Split a word that is two written as one ("userid")."""
    if word in MEANING or not 5 <= len(word) <= _LONGEST:
        return (word,)
    for end in range(len(word) - 2, 2, -1):
        if word[:end] in MEANING and word[end:] in MEANING and len(word) - end > 1:
            return word[:end], word[end:]
    return (word.removesuffix("s"),) if word.removesuffix("s") in MEANING else (word,)


_OF_PHRASES: Final = {" ".join(plain_words(phrase)): one for phrase, one in _PHRASES.items()}
"""Meanings of phrases, written as columns are."""


def meaning(name: str) -> tuple[str, str]:
    """Interpret a column name: (kind of entity, property), each empty if unknown.

    In a path the last step tells the property, and the entity unless a step before it does: the
    id of something that has no known name ("area.id") is nothing of the row's.

    >>> meaning("artist_id"), meaning("Titel"), meaning("release_date"), meaning("danceability")
    (('artist', 'id'), ('', 'name'), ('', 'released'), ('', 'other'))
    >>> meaning("track.album.name"), meaning("life-span.begin"), meaning("area.name")
    (('album', 'name'), ('', 'begin'), ('', 'other'))
    """
    if name.endswith(OF_VALUES):
        return "", "other"
    if name.endswith("rdf-schema#label"):
        return "", "name"
    *above, leaf = name.removesuffix(".#text").removesuffix(".value").split(".")
    about, own = _of_step(leaf)
    if any("member" in map(_singular, plain_words(step)) for step in above):
        return "member", own if own == "name" and not about else "other"
    if about or not own or not above:
        return about, own
    unknown = False
    steps = [_of_step(step) for step in above]
    if any(entity == "similar" for entity, _ in steps):
        return "similar", own
    for step, (entity, attribute) in zip(reversed(above), reversed(steps), strict=True):
        if entity:
            return entity, own
        if attribute == "alias":
            return "", "alias" if own == "name" else "other"
        unknown |= attribute not in {"name", "id"} and not _WRAPPERS & {*plain_words(step)}
    return "", "other" if unknown and own in _NAMING else own


def _singular(word: str) -> str:
    return word.removesuffix("s")


def _of_step(name: str) -> tuple[str, str]:
    """Interpret one step of a path; `creator[@type=composer]` is a composer."""
    name = name.partition("=")[2].rstrip("]") if "[" in name else name
    words = plain_words(name)
    if len(words) == 1 and words[0] in _FEATURES:
        return "", "other"
    if "sort" in words:
        return "", "other"
    for size in (len(words), 3, 2):
        for phrase in (" ".join(words[-size:]), " ".join(words[:size])):
            found = _OF_PHRASES.get(phrase)
            if found and not (found[1] == "id" and _DATABASES & {*words}):
                return found
    entities = [MEANING[word][0] for word in words if word in MEANING and MEANING[word][0]]
    attributes = [MEANING[word][1] for word in words if word in MEANING and MEANING[word][1]]
    strongest = next((a for a in attributes if a in _STRONG), attributes[-1] if attributes else "")
    about = "similar" if "similar" in entities else entities[-1] if entities else ""
    if about in _OWNERS:  # "país del artista"
        about = next((one for one in entities if one in _HEADS), about)
    about = about or _IDENTIFIED.get(strongest, "")
    if strongest == "event":
        return "", "other"
    if strongest in {"begin", "end"} and not _PLACES.isdisjoint(words):
        return ("city", "") if strongest == "begin" else ("", "other")
    if strongest == "code":
        others = [one for one in attributes if one != "code"]
        of_row = len(words) == 1 or about in _CODED
        strongest = others[-1] if others else "id" if of_row else ""
    return about, strongest


_OWNERS: Final = frozenset({"artist", "label"})
_HEADS: Final = frozenset({"country", "city", "language", "genre", "tag"})
_OWNED: Final = _HEADS | {"award", "label"}
"""What artists and, without the last, labels have as works do."""


def owner_of(name: str) -> str:
    """The kind of entity that a column tells something of by its own name, if any.

    >>> owner_of("artistCountry"), owner_of("país del artista"), owner_of("country")
    ('artist', 'artist', '')
    """
    about = meaning(name)[0]
    if about not in _OWNED:
        return ""
    told = [MEANING.get(word, ("", ""))[0] for word in plain_words(name)]
    if "artist" in told:
        return "artist"
    return "label" if told[0] == "label" != about else ""  # "countryLabel" is the label of SPARQL


_DATABASES: Final = frozenset({"musicbrainz", "mbid", "discogs", "wikidata"})
"""Words that tell whose ids a column holds: the "discogs release id" is none of the file's own."""

_IDENTIFIED: Final = {
    "isrc": "song",
    "iswc": "song",
    "upc": "album",
    "isni": "artist",
    "isbn": "book",
}
"""What an identifier is of that things of one kind have only."""

_CODED: Final = frozenset({"user", "item", "artist", *WORKS})
"""Kinds of entities whose codes are ids; those of countries are names."""

_WRAPPERS: Final = frozenset({
    "metadata", "meta", "info", "data", "attributes", "properties", "fields", "node", "result",
    "results", "response", "record", "object", "details", "mapping", "payload", "work",
    "identification", "source", "basic", "information",
})  # fmt: skip
"""Steps of paths that group what belongs to the same thing."""

_NAMING: Final = frozenset({"id", "name", "mbid", "type", "address", "description", "alias"})
_STRONG: Final = (
    "event",
    "mbid",
    "wikidata",
    "dbpedia",
    "discogs",
    "isrc",
    "iswc",
    "upc",
    "isni",
    "isbn",
    "alias",
    "begin",
    "end",
    "plays",
    "image",
)
