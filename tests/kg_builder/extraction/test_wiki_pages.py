"""Pages of encyclopaedias: wikitext with comments, infoboxes in HTML; and shops' JSON-LD."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.kg_builder.conftest import Run, named, reasons, record

Write = Callable[[str, str | bytes], Path]


@pytest.mark.parametrize(
    "box",
    [
        "{{Infobox album <!-- See a page -->\n| name = Leaf\n| artist = Ida\n}}",
        "{{<!-- a -->Infobox<!-- b --> album| name <!-- c --> = <!-- d -->Leaf | artist = Ida}}",
        "<!--\n{{Infobox song | name = No}}\n-->{{infobox_album|name=Leaf<!-- | -->|artist=Ida}}",
        "{{Infobox album|name=Leaf|artist=Ida}}<!-- not closed {{Infobox song|name=No}}",
    ],
)
def test_a_comment_in_wikitext_is_nothing(write: Write, run: Run, box: str) -> None:
    write("leaf.wikitext", box)
    found = run(kind="semi-structured", path="*.wikitext")
    assert named(found) == [("Leaf", "performer", "Ida")]
    assert record(found, "src/leaf")["type"] == "Album"


def test_a_linked_title_gets_the_id_that_dbpedia_writes(write: Write, run: Run) -> None:
    write("m.wikitext", '{{Infobox band|name=M|past_members=[["Fast" Eddie Clarke]]}}')
    found = run(kind="semi-structured", path="*.wikitext")
    ids = [one for ids in found.records["external_ids"] for one in ids]
    assert ids == ["dbpedia:%22Fast%22_Eddie_Clarke"]


def wiki_page(rows: str, *, language: str = "en", title: str = "Ida Oak", above: str = "") -> str:
    return (
        f'<html><head><link rel="canonical" href="https://{language}.wikipedia.org/wiki/'
        f'{title.replace(" ", "_")}"></head><body><h1>{title}</h1><table class="infobox">'
        f"{above}{rows}</table></body></html>"
    )


def row(label: str, value: str) -> str:
    return f'<tr><th scope="row">{label}</th><td>{value}</td></tr>'


def test_footnotes_styles_and_hidden_text_are_no_values(write: Write, run: Run) -> None:
    note = '<sup class="reference" id="cite_ref-1"><a href="#c">[1]</a></sup>'
    write(
        "a.html",
        wiki_page(
            row("Genres", f"<ul><li>dub{note}</li><li>ska<sup>[note 2]</sup></li></ul>")
            + row("Origin", "<style>.x{color:red}</style>Leeds<span style='display: none'>?</span>")
            + row("Labels", '<a href="/wiki/E">Earth, Wind &amp; Co</a>, <a href="/w">4AD</a>')
        ),
    )
    assert set(named(run(kind="semi-structured", path="*.html"))) == {
        ("Ida Oak", "genre", "dub"),
        ("Ida Oak", "genre", "ska"),
        ("Ida Oak", "origin", "Leeds"),
        ("Ida Oak", "recordLabel", "Earth, Wind & Co"),
        ("Ida Oak", "recordLabel", "4AD"),
    }


def test_a_website_is_its_link(write: Write, run: Run) -> None:
    shown = "oak<wbr>.example<wbr>.org"
    write(
        "a.html",
        wiki_page(
            row("Website", f'<a href="https://oak.example.org/">{shown}</a>')
            + row("Origin", "Oslo")
        ),
    )
    write("b.html", wiki_page(row("Official website", shown) + row("Origin", "Oslo")))
    homepages = [
        o for _, p, o in named(run(kind="semi-structured", path="*.html")) if p == "homepage"
    ]
    assert homepages == ["https://oak.example.org/", "http://oak.example.org"]


def test_years_of_activity_and_other_names_of_a_band(write: Write, run: Run) -> None:
    write(
        "a.html",
        wiki_page(
            row("Also known as", "Oak UK<br>The Oaks")
            + row("Years active", "1978–1984<br>1999–present")
            + row("Members", "<ul><li>Ann</li><li>Bob (drums)</li></ul>")
        ),
    )
    found = run(kind="semi-structured", path="*.html")
    topic = found.records.iloc[0]
    assert (topic["type"], list(topic["aliases"])) == ("Band", ["Oak UK", "The Oaks"])
    assert set(named(found)) == {
        ("Ida Oak", "beginDate", "1978"),
        ("Ida Oak", "hasMember", "Ann"),
        ("Ida Oak", "hasMember", "Bob"),
        ("Bob, member of Ida Oak", "member", "Bob"),
        ("Bob, member of Ida Oak", "group", "Ida Oak"),
        ("Bob, member of Ida Oak", "instrument", "drums"),
    }


def test_born_holds_a_name_a_date_and_a_place(write: Write, run: Run) -> None:
    born = (
        '<div class="nickname">Ida Marie Oak</div><span style="display:none">(<span class="bday">'
        "1965-11-21</span>)</span> 21 November 1965<span> (age 59)</span><br>"
        '<div class="birthplace">Bergen, <a href="/wiki/Norway">Norway</a></div>'
    )
    write(
        "a.html",
        wiki_page(
            row("Born", born)
            + row("Died", "March 2, 2001 (aged 35)<br>Oslo")
            + row("Years active", "1980–2001")
        ),
    )
    found = run(kind="semi-structured", path="*.html")
    assert found.records.iloc[0]["type"] == "SoloArtist"
    assert set(named(found)) == {
        ("Ida Oak", "beginDate", "1965-11-21"),
        ("Ida Oak", "birthPlace", "Bergen"),
        ("Bergen", "locatedIn", "Norway"),
        ("Ida Oak", "endDate", "2001-03-02"),
        ("Ida Oak", "deathPlace", "Oslo"),
    }


def test_the_page_of_an_album(write: Write, run: Run) -> None:
    above = (
        '<tr><th colspan="2">Leaf</th></tr><tr><td colspan="2">Studio album by Ida Oak</td></tr>'
    )
    rows = row("Released", "3 March 2019") + row("Length", "41:02") + row("Label", "Fine, 4AD")
    write("a.html", wiki_page(rows, title="Leaf (album)", above=above))
    found = run(kind="semi-structured", path="*.html")
    assert found.records.iloc[0][["type", "name"]].tolist() == ["Album", "Leaf"]
    assert set(named(found)) == {
        ("Leaf", "performer", "Ida Oak"),
        ("Leaf", "releaseDate", "2019-03-03"),
        ("Leaf", "duration", "PT41M2S"),
        ("Leaf", "recordLabel", "Fine"),
        ("Leaf", "recordLabel", "4AD"),
    }


STUDIOS = [
    (
        "Leaf Studios, Oak Studios and Elm Studios, Oslo",
        ["Leaf Studios", "Oak Studios", "Elm Studios"],
    ),
    ("Leaf Sound, Oak Way and Elm Studios", ["Leaf Sound", "Oak Way", "Elm Studios"]),
    ("Leaf Sound, Oak Way, Elm Studios", ["Leaf Sound", "Oak Way", "Elm Studios"]),
    ("Leaf Studios, Oslo and Elm Hall, Bergen, Norway", ["Leaf Studios", "Elm Hall"]),
    ("Leaf Studios, Los Angeles; Oak West, Oslo", ["Leaf Studios", "Oak West"]),
    ("Leaf Studios (Oslo), Oak Sound (Bergen)", ["Leaf Studios", "Oak Sound"]),
    ("Leaf Studios (Oslo), Oak", ["Leaf Studios", "Oak"]),
    ("Estudios Hoja, Madrid y Estudios Roble, Sevilla", ["Estudios Hoja", "Estudios Roble"]),
    ("Leaf Tonstudio, Bonn und Oak Hall, Bonn", ["Leaf Tonstudio", "Oak Hall"]),
    ("Leaf Studios, Oslo, Norway", ["Leaf Studios"]),
    ("Leaf Studios, Los Angeles, California", ["Leaf Studios"]),
    ("Royal Leaf Hall, Oslo", ["Royal Leaf Hall"]),
    ("Black and White Studio", ["Black and White Studio"]),
    ("Leaf & Oak Studios, Oslo", ["Leaf & Oak Studios"]),
    ("Leaf Studios<br>Oak Studios, Oslo", ["Leaf Studios", "Oak Studios"]),
]


@pytest.mark.parametrize("field", ["studio", "venue"])
@pytest.mark.parametrize(("value", "places"), STUDIOS)
def test_every_studio_is_a_place_and_its_city_is_not(
    write: Write, run: Run, field: str, value: str, places: list[str]
) -> None:
    write("a.wikitext", f"{{{{Infobox album|name=Leaf|{field}={value}}}}}")
    found = run(kind="semi-structured", path="*.wikitext")
    assert {name for _, predicate, name in named(found) if predicate == "recordedIn"} == set(places)


@pytest.mark.parametrize(("value", "places"), STUDIOS)
def test_every_studio_of_a_page_is_a_place(
    write: Write, run: Run, value: str, places: list[str]
) -> None:
    write("a.html", wiki_page(row("Length", "41:02") + row("Studio", value), title="Leaf (album)"))
    found = run(kind="semi-structured", path="*.html")
    assert {name for _, predicate, name in named(found) if predicate == "recordedIn"} == set(places)


def test_linked_studios_are_places_of_their_own(write: Write, run: Run) -> None:
    write(
        "a.wikitext", "{{Infobox album|name=Leaf|studio=[[Elm]], [[Oak|Oak B]] and [[Ash]], Oslo}}"
    )
    found = run(kind="semi-structured", path="*.wikitext")
    assert [name for _, _, name in named(found)] == ["Elm", "Oak B", "Ash"]
    links = '<a href="/e">Elm</a>, <a href="/o">Oak, B</a> and <a href="/a">Ash</a>, Oslo'
    write("a.html", wiki_page(row("Length", "41:02") + row("Studio", links), title="Leaf (album)"))
    found = run(kind="semi-structured", path="*.html")
    assert {name for _, predicate, name in named(found) if predicate == "recordedIn"} == {
        "Elm",
        "Oak",  # a place is named by what stands before its comma
        "Ash",
    }


@pytest.mark.parametrize(("language", "ids"), [("en", ["dbpedia:Ida_Oak"]), ("fr", []), ("de", [])])
def test_only_the_english_edition_names_dbpedias_things(
    write: Write, run: Run, language: str, ids: list[str]
) -> None:
    rows = row("Origin", "Oslo") + row("Genre", "dub")
    write("a.html", wiki_page(rows, language=language))
    found = run(kind="semi-structured", path="*.html")
    assert list(found.records.iloc[0]["external_ids"]) == ids


def shop_page(thing: dict[str, object]) -> str:
    head = '<link rel="canonical" href="https://ida.example.org/album/leaf">'
    script = f'<script type="application/ld+json">{json.dumps(thing)}</script>'
    return f"<html><head>{head}{script}</head><body></body></html>"


ALBUM: dict[str, object] = {
    "@context": "https://schema.org",
    "@type": "MusicAlbum",
    "@id": "/album/leaf",
    "name": "Leaf",
    "url": "../album/leaf",
    "image": "//img.example.org/1.jpg",
    "byArtist": {"@type": "MusicGroup", "name": "Ida", "@id": "https://ida.example.org"},
}


def test_addresses_are_those_of_the_page(write: Write, run: Run) -> None:
    write("a.html", shop_page(ALBUM))
    found = run(kind="semi-structured", path="*.html")
    assert set(named(found)) == {
        ("Leaf", "performer", "Ida"),
        ("Leaf", "homepage", "https://ida.example.org/album/leaf"),
        ("Leaf", "image", "https://img.example.org/1.jpg"),
    }
    assert record(found, "src/https://ida.example.org/album/leaf")["name"] == "Leaf"


def test_the_label_of_an_albums_release(write: Write, run: Run) -> None:
    label = {"@type": "MusicGroup", "name": "Fine Records", "@id": "https://fine.example.org"}
    release = {"@type": ["MusicRelease", "Product"], "name": "Leaf", "recordLabel": label}
    write("a.html", shop_page(ALBUM | {"publisher": label, "albumRelease": [release]}))
    found = run(kind="semi-structured", path="*.html")
    assert ("Leaf", "recordLabel", "Fine Records") in named(found)
    assert list(found.records[found.records["name"] == "Fine Records"]["type"]) == ["RecordLabel"]
    assert reasons(found) == []


def test_an_artist_that_publishes_itself_is_no_label(write: Write, run: Run) -> None:
    write("a.html", shop_page(ALBUM | {"publisher": {"@type": "MusicGroup", "name": "Ida"}}))
    found = run(kind="semi-structured", path="*.html")
    assert not [p for _, p, _ in named(found) if p == "recordLabel"]
    assert found.counts["published by the artist: no record label"] == 1


def heading(text: str) -> str:
    return f'<tr><th colspan="2">{text}</th></tr>'


@pytest.mark.parametrize(
    ("language", "rows"),
    [
        (
            "de",
            row("Gründung", "1989")
            + row("Genre(s)", "<a>Punk</a>, <a>Ska</a>")
            + heading("Aktuelle Besetzung")
            + "<tr><td>Gesang, Gitarre</td><td><a>Eva Eiche</a></td></tr>"
            + heading("Ehemalige Mitglieder")
            + "<tr><td colspan='2'>Otto Ulme</td></tr>"
            + heading("Sonstiges")
            + "<tr><td>Bass</td><td>niemand von hier</td></tr>",
        ),
        (
            "fr",
            row("Genre musical", "<ul><li>Punk</li><li>Ska</li></ul>")
            + row("Années actives", "Depuis 1989")
            + heading("Composition du groupe")
            + row("Membres", "Eva Eiche")
            + row("Anciens membres", "Otto Ulme"),
        ),
        (
            "es",
            row("Género(s)", "Punk, Ska")
            + row("Período de actividad", "1989-presente")
            + heading("Miembros")
            + "<tr><td colspan='2'>Eva Eiche</td></tr>"
            + heading("Antiguos miembros")
            + "<tr><td colspan='2'>Otto Ulme</td></tr>",
        ),
        (
            "ja",
            row("ジャンル", "Punk、Ska")
            + row("活動期間", "1989年 -")
            + row("メンバー", "Eva Eiche")
            + row("旧メンバー", "Otto Ulme"),
        ),
    ],
)
def test_infoboxes_of_other_editions(write: Write, run: Run, language: str, rows: str) -> None:
    write("a.html", wiki_page(rows, language=language, title="Die Hölzer"))
    found = run(kind="semi-structured", path="*.html")
    assert set(named(found)) == {
        ("Die Hölzer", "beginDate", "1989"),
        ("Die Hölzer", "genre", "Punk"),
        ("Die Hölzer", "genre", "Ska"),
        ("Die Hölzer", "hasMember", "Eva Eiche"),
        ("Die Hölzer", "hasMember", "Otto Ulme"),
    }


@pytest.mark.parametrize(
    ("box", "began"),
    [
        (
            "{{Infobox Band|Name=Die Hölzer|Genre=[[Punk]]|Gründung=1989|Besetzung1a=Eva Eiche"
            "|Besetzung1b=Gesang}}",
            True,
        ),
        (
            "{{Ficha de grupo musical|nombre=Die Hölzer|estilo=Punk|tiempo=1989-"
            "|miembros=Eva Eiche}}",
            True,
        ),
        (
            "{{Infobox Musique (artiste)|nom=Die Hölzer|genre=Punk|années actives=1989-"
            "|membres actuels=Eva Eiche}}",
            True,
        ),
        ("{{Info/Música/artista|nome=Die Hölzer|gênero=Punk|integrantes=Eva Eiche}}", False),
    ],
)  # fmt: skip
def test_wikitext_of_other_editions(write: Write, run: Run, box: str, began: bool) -> None:
    write("h.wikitext", box)
    found = run(kind="semi-structured", path="*.wikitext", language="de")
    assert set(named(found)) == {
        ("Die Hölzer", "genre", "Punk"),
        ("Die Hölzer", "hasMember", "Eva Eiche"),
        *([("Die Hölzer", "beginDate", "1989")] if began else []),
    }
    assert record(found, "src/h")["type"] == "Band"


BOXES = {
    "tr": """{{Müzik grubu bilgi kutusu | isim = Yaprak | tarz = [[Rock müzik|Rock]], Pop
        | köken = [[İzmir]]
        | etkin_yıllar = 1990-günümüz | plak_şirketi = Ada | üyeler = Ayşe Oak<br />Can Elm
        | eski_üyeler = Deniz Ash | web_sitesi = yaprak.example.org}}""",
    "uk": """{{Музичний гурт | назва = Листя | жанри = [[рок-музика|рок]], поп | роки = з 1990
        | місце_створення = [[Львів]] | лейбли = Ада | склад = Оля Дуб<br />Іван Клен
        | колишні_учасники = Юрій Ясен | офіційний_сайт = yaprak.example.org}}""",
    "ro": """{{Infocaseta Formație | nume = Frunze | gen = rock, pop | origine = [[Iași]]
        | ani_activi = 1990 – prezent
        | case_de_discuri = Ada | membri_actuali = Ana Oak<br />Ion Elm
        | foști_membri = Dan Ash
        | website = yaprak.example.org}}""",
    "el": """{{Πληροφορίες συγκροτήματος | όνομα = Φύλλα | είδος = ροκ, ποπ
        | προέλευση = [[Αθήνα]]
        | ενεργά_χρόνια = 1990–σήμερα | δισκογραφική = Ada | μέλη = Άννα Οκ<br />Νίκος Ελμ
        | πρώην_μέλη = Δήμος Ας | ιστοσελίδα = yaprak.example.org}}""",
    "he": """{{להקה | שם = עלים | סוגה = רוק, פופ | מקום הקמה = [[חיפה]]
        | שנות פעילות = 1990–היום
        | חברת תקליטים = Ada | חברים = אן אוק<br />בן אלם | חברים לשעבר = דן אש
        | אתר = yaprak.example.org}}""",
    "ar": """{{صندوق معلومات فرقة موسيقية | الاسم = أوراق | النوع = روك، بوب
        | الأصل = [[بيروت]]
        | سنوات النشاط = 1990–حتى الآن | شركة الإنتاج = Ada | الأعضاء = آن أوك<br />بن إلم
        | الأعضاء السابقون = دان آش | الموقع = yaprak.example.org}}""",
    "id": """{{Infobox artis musik | nama = Daun | genre = rock, pop | asal = [[Bandung]]
        | tahun_aktif = 1990–sekarang
        | label = Ada | anggota = Ani Oak<br />Budi Elm | mantan_anggota = Dedi Ash
        | situs_web = yaprak.example.org}}""",
    "vi": """{{Hộp thông tin ban nhạc | tên = Lá | thể loại = rock, pop | nguyên quán = [[Huế]]
        | năm hoạt động = 1990-nay | hãng đĩa = Ada | thành viên = An Oak<br />Bình Elm
        | cựu thành viên = Dũng Ash | trang web = yaprak.example.org}}""",
    "ca": """{{Infotaula de grup musical | nom = Fulles | gènere = rock, pop
        | origen = [[Girona]]
        | anys en actiu = 1990–actualitat | discogràfica = Ada
        | membres = Anna Oak<br />Pau Elm
        | antics membres = Dídac Ash | lloc web = yaprak.example.org}}""",
    "no": """{{Infoboks band | navn = Blader | sjanger = rock, pop | opphav = [[Bergen]]
        | aktive år = 1990–nå
        | plateselskap = Ada | medlemmer = Anne Oak<br />Per Elm
        | tidligere medlemmer = Dag Ash
        | nettside = yaprak.example.org}}""",
}


@pytest.mark.parametrize("language", BOXES)
def test_bands_of_more_editions(write: Write, run: Run, language: str) -> None:
    write("a.wikitext", BOXES[language])
    found = run(kind="semi-structured", path="*.wikitext", language=language)
    assert reasons(found) == []
    assert record(found, "src/a")["type"] == "Band"
    assert record(found, "src/a")["name"] != "a"
    counts = found.statements["predicate"].value_counts().to_dict()
    assert counts == {
        "genre": 2,
        "origin": 1,
        "beginDate": 1,
        "recordLabel": 1,
        "hasMember": 3,
        "homepage": 1,
    }
    facts = {predicate: object_ for _, predicate, object_ in named(found)}
    assert (facts["beginDate"], facts["homepage"]) == ("1990", "http://yaprak.example.org")
    assert [key for key in found.counts if key.startswith("unknown")] == []


ALBUMS = {
    "tr": (
        "{{Albüm bilgi kutusu|ad=Y|sanatçı=Ayşe|yayımlanma=12 Mayıs 1997"
        "|tarz=Rock|süre=43:21|şirket=A|yapımcı=C}}"
    ),
    "uk": (
        "{{Музичний альбом|назва=Y|виконавець=Оля|дата випуску=12 травня 1997"
        "|жанр=рок|тривалість=43:21|лейбл=A|продюсер=C}}"
    ),
    "ro": (
        "{{Infocaseta Album|nume=Y|artist=Ana|lansat=12 mai 1997"
        "|gen=rock|durată=43:21|casă de discuri=A|producător=C}}"
    ),
    "el": (
        "{{Πληροφορίες άλμπουμ|όνομα=Y|καλλιτέχνης=Ά|κυκλοφορία=12 Μαΐου 1997"
        "|είδος=ροκ|διάρκεια=43:21|δισκογραφική=A|παραγωγός=C}}"
    ),
    "he": ("{{אלבום|שם=Y|מבצע=אן|יצא לאור=12.5.1997|סוגה=רוק|אורך=43:21|חברת תקליטים=A|מפיק=C}}"),
    "ar": (
        "{{صندوق معلومات ألبوم|الاسم=Y|الفنان=آن|تاريخ الإصدار=1997-05-12"
        "|النوع=روك|المدة=43:21|شركة الإنتاج=A|المنتج=C}}"
    ),
    "id": (
        "{{Infobox album|nama=Y|artis=Ani|dirilis=12 Mei 1997"
        "|genre=rock|durasi=43:21|label=A|produser=C}}"
    ),
    "vi": (
        "{{Thông tin album|tên=Y|nghệ sĩ=An|phát hành={{ngày phát hành|1997|5|12}}"
        "|thể loại=rock|thời lượng=43:21|hãng đĩa=A|sản xuất=C}}"
    ),
    "ca": (
        "{{Infotaula d'àlbum|nom=Y|artista=Anna|publicació=12 de maig de 1997"
        "|gènere=rock|durada=43:21|discogràfica=A|productor=C}}"
    ),
    "no": (
        "{{Infoboks album|navn=Y|artist=Anne|utgitt=12. mai 1997"
        "|sjanger=rock|lengde=43:21|plateselskap=A|produsent=C}}"
    ),
}


@pytest.mark.parametrize("language", ALBUMS)
def test_albums_of_more_editions(write: Write, run: Run, language: str) -> None:
    write("a.wikitext", ALBUMS[language])
    found = run(kind="semi-structured", path="*.wikitext", language=language)
    assert (record(found, "src/a")["type"], record(found, "src/a")["name"]) == ("Album", "Y")
    facts = {predicate: object_ for _, predicate, object_ in named(found)}
    assert facts.keys() == {
        "performer",
        "genre",
        "releaseDate",
        "duration",
        "recordLabel",
        "producer",
    }
    date = facts["releaseDate"]
    assert (date, facts["duration"]) == ("1997-05-12" if language != "he" else date, "PT43M21S")
    assert reasons(found) == []


@pytest.mark.parametrize(
    "template",
    ["{{ДН|21|11|1965}}", "{{Doğum tarihi ve yaşı|1965|11|21}}", "{{x|1965|11|21|df=y}}"],
)
def test_templates_of_dates_in_any_edition(write: Write, run: Run, template: str) -> None:
    write("a.wikitext", f"{{{{Музикант|ім'я=Оля|дата народження={template}|жанр=рок}}}}")
    found = run(kind="semi-structured", path="*.wikitext", language="uk")
    assert ("Оля", "beginDate", "1965-11-21") in named(found)
    assert record(found, "src/a")["type"] == "SoloArtist"


@pytest.mark.parametrize(
    ("language", "labels"),
    [
        ("tr", ("Tarz", "Köken", "Üyeler")),
        ("uk", ("Жанри", "Місце створення", "Учасники")),
        ("ro", ("Gen(uri)", "Origine", "Membri")),
        ("el", ("Είδος", "Προέλευση", "Μέλη")),
        ("he", ("סוגה", "מקום הקמה", "חברים")),
        ("ar", ("النوع", "الأصل", "الأعضاء")),
        ("id", ("Genre", "Asal", "Anggota")),
        ("vi", ("Thể loại", "Nguyên quán", "Thành viên")),
        ("ca", ("Gènere", "Origen", "Membres")),
        ("no", ("Sjanger", "Opphav", "Medlemmer")),
    ],
)
def test_pages_of_more_editions(
    write: Write, run: Run, language: str, labels: tuple[str, str, str]
) -> None:
    values = zip(labels, ("dub", "Leeds", "Ann Oak"), strict=True)
    write("a.html", wiki_page("".join(row(*pair) for pair in values), language=language))
    found = run(kind="semi-structured", path="*.html", type="Artist")
    wanted = {("Ida Oak", "origin", "Leeds"), ("Ida Oak", "hasMember", "Ann Oak")}
    assert wanted <= set(named(found))


def test_members_are_read_without_what_they_play(write: Write, run: Run) -> None:
    members = (
        "* [[Ida Oak]] – drums (1978–1980)\n* Ben Elm - vocals\n* See [[#Members|members section]]"
    )
    write(
        "a.wikitext",
        f"{{{{Infobox band|name=Leaves|past_members={{{{plainlist|\n{members}\n}}}}}}}}",
    )
    write(
        "a.html", wiki_page(row("Origin", "Leeds") + row("Members", "Cy Ash – bass<br>See below"))
    )
    for path in ("*.wikitext", "*.html"):
        found = run(kind="semi-structured", path=path, type="Artist")
        names = {name for _, predicate, name in named(found) if predicate == "hasMember"}
        assert names == ({"Ida Oak", "Ben Elm"} if path == "*.wikitext" else {"Cy Ash"})
        assert reasons(found) == ["refers to another place"]


MEMBERS = {
    ("Ann Lee, member of Leaves (1986–1993)", "instrument", "guitar"),
    ("Ann Lee, member of Leaves (1986–1993)", "instrument", "vocals"),
    ("Ann Lee, member of Leaves (2004–)", "beginDate", "2004"),
    ("Bo Bar, member of Leaves", "instrument", "drums"),
    ("Leaves, award Mercury Prize (1992)", "eventDate", "1992"),
    ("Leaves, award Mercury Prize (1993)", "eventDate", "1993"),
}


def test_notes_in_brackets_are_not_divided_and_tell_of_memberships_and_honours(
    write: Write, run: Run
) -> None:
    write(
        "a.wikitext",
        "{{Infobox band|name=Leaves|members=[[Ann Lee]] (guitar, vocals; 1986–1993, 2004–present),"
        " Bo Bar – drums, vocals, [[Cy Roe]] ([[bass guitar|bass]])"
        "|label=4AD (1986–1993, 2004–2013), Elektra|awards=[[Mercury Prize]] (1992, 1993)}}",
    )
    rows = (
        row("Members", "Ann Lee (guitar, vocals; 1986–1993, 2004–present), Bo Bar – drums, vocals")
        + row("Labels", "4AD (1986–1993, 2004–2013), Elektra")
        + row("Awards", "Mercury Prize (1992, 1993)")
    )
    write("a.html", wiki_page(rows))
    for path, band in (("*.wikitext", "Leaves"), ("*.html", "Ida Oak")):
        found = run(kind="semi-structured", path=path, type="Artist")
        said = {tuple(str(part).replace(band, "Leaves") for part in fact) for fact in named(found)}
        assert {name for _, told, name in said if told == "recordLabel"} == {"4AD", "Elektra"}
        members = {name for _, told, name in said if told == "hasMember"}
        assert members == {"Ann Lee", "Bo Bar"} | ({"Cy Roe"} if band == "Leaves" else set())
        assert {fact for fact in MEMBERS if "award" not in fact[0]} <= said
        years = {name for what, told, name in said if told == "eventDate"}
        assert years == {"1992", "1993"}
        assert found.counts["notes in brackets not used"] == 1


def test_a_year_beside_the_name_of_an_award_is_no_part_of_it(write: Write, run: Run) -> None:
    write(
        "a.wikitext", "{{Infobox band|name=Leaves|awards={{ubl|Fine Prize 2012|2009 Nice Award}}}}"
    )
    found = named(run(kind="semi-structured", path="*.wikitext", type="Artist"))
    assert {
        ("Leaves", "award", "Fine Prize"),
        ("Leaves, award Fine Prize (2012)", "eventDate", "2012"),
        ("Leaves, award Nice Award (2009)", "eventDate", "2009"),
    } <= set(found)


def test_of_several_lengths_the_first_counts(write: Write, run: Run) -> None:
    length = "{{duration|m=3|s=35}} (album version)<br>3:05 (single)"
    more = "recorded=May–June 2004|label=<small>(US)</small> Ada"
    write("a.wikitext", f"{{{{Infobox song|name=Rain|length={length}|{more}}}}}")
    assert set(named(run(kind="semi-structured", path="*.wikitext"))) == {
        ("Rain", "duration", "PT3M35S"),
        ("Rain", "recordDate", "2004-05"),
        ("Rain", "recordLabel", "Ada"),
    }
