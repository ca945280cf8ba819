"""Actors: every state is known, names are found, and who acts is told from who is acted on."""

import csv
import json
from collections import Counter

import numpy as np
import pycountry
import pytest

from pipeline.actors.gazetteer import gazetteer
from pipeline.actors.roles import find_actors
from pipeline.bundled import data_folder
from pipeline.errors import InputError
from pipeline.score.snippets import score
from tests import forked


def test_no_state_of_iso_3166_is_missing():
    keys = {actor.key for actor in gazetteer().actors if actor.type == "state"}
    assert {country.alpha_3 for country in pycountry.countries} <= keys


def test_keys_are_unique_and_no_name_stands_for_two():
    actors = gazetteer().actors
    assert len({actor.key for actor in actors}) == len(actors) >= 550
    names = [
        name for actor in actors if actor.type != "generic" for name in (*actor.names, *actor.people, *actor.places)
    ]
    assert {name for name, times in Counter(names).items() if times > 1} <= {"Virgin Islands", "settlers"}


def test_no_apolitical_name_is_that_of_an_actor_or_stands_twice():
    with (data_folder() / "names.csv").open(encoding="utf-8", newline="") as file:
        rows = [(row["kind"], row["name"]) for row in csv.DictReader(file)]
    kinds = "firm bank product team league athlete artist title science".split()
    assert set(kinds) == {kind for kind, _ in rows}
    names = [name for _, name in rows]
    assert len(set(names)) == len(names) > 11_000
    actors = gazetteer().actors
    assert not set(names) & {name for a in actors for name in (*a.names, *a.people, *a.places)}


def test_people_and_places_of_all_parts_of_the_world_are_known():
    states = [actor for actor in gazetteer().actors if actor.type == "state"]
    assert sum(bool(actor.people) for actor in states) >= 190
    assert sum(bool(actor.places) for actor in states) >= 150


def test_a_gazetteer_may_do_without_people_and_places(tmp_path):
    path = tmp_path / "actors.csv"
    path.write_text("key,type,name,aliases\nX,state,Mars,Martian\n")
    (actor,) = gazetteer(path).actors
    assert (actor.names, actor.people, actor.places) == (("Mars", "Martian"), (), ())


@pytest.mark.parametrize(
    ("text", "source", "target"),
    [
        ("Kenya accused Uganda of an attack.", "KEN", "UGA"),
        ("Uganda was accused of an attack by Kenya.", "KEN", "UGA"),
        ("KENYA ACCUSES UGANDA", "KEN", "UGA"),
        ("The Kremlin expelled two British diplomats.", "RUS", "GBR"),
        ("In Chad, rebels were attacked by French troops.", "FRA", "rebels"),
        ("Israel's attack on Lebanon killed nine people.", "ISR", "LBN"),
        ("Talks between Greece and Turkey began in Geneva.", "GRC", "TUR"),
        ("Rebels attacked the army.", "rebels", "army"),
        ("Ethiopia, which borders Kenya, shelled Somalia.", "ETH", "SOM"),
        ("The U.S. Security Council envoy met Hamas.", "USA", "UNSC"),
        ("Putin telephoned Xi Jinping.", "RUS", "CHN"),
        ("President Nelson Mandela met the prime minister of Norway.", "ZAF", "NOR"),
        ("Kharkiv was shelled by Russian guns.", "RUS", "UKR"),
        ("In Fallujah, rebels fired on US troops.", "rebels", "USA"),
        ("The president of Kenya accused Somalia.", "KEN", "SOM"),
        ("It rained.", "", ""),
        # the subject of a passive does not act
        ("Three Israelis were killed on Monday.", "", "ISR"),
        ("A Russian diplomat was immediately expelled.", "", "RUS"),
        ("Aid to Ukraine was halted.", "", "UKR"),
        ("Russian diplomats were expelled from Poland.", "POL", "RUS"),
        ("Protesters were arrested in Moscow.", "RUS", "protesters"),
        ("Gaza hit by Israeli strikes", "ISR", "PSE"),
        ("Aid to Ukraine was halted by Washington.", "USA", "UKR"),
        ("Zahir was shot by Nairobi police.", "KEN", ""),
        ("Talks between Kenya and Somalia were suspended.", "KEN", "SOM"),
        # it does if the participle tells of a state or of what it will do
        ("Kenya is expected to send troops to Haiti.", "KEN", "HTI"),
        ("Russian soldiers were deployed along the border with Armenia.", "RUS", "ARM"),
        # "by" belongs to a passive of the main clause
        ("Pakistan accepted an offer made by the Taliban.", "PAK", "AFG.TALIBAN"),
        ("Nepal accepted the demands by protesters.", "NPL", "protesters"),
        # an object does not act
        ("A car bomb killed nine Iraqi soldiers.", "", "IRQ"),
        ("Bomb kills nine Iraqi soldiers", "", "IRQ"),
        ("Sanctions were imposed on Iran.", "", "IRN"),
        ("The envoys met in Doha.", "", "QAT"),
        ("A court in Venezuela ordered an inquiry.", "VEN", ""),
        ("Train derailment in Lisbon kills 15", "", "PRT"),
        ("Typhoon threatens Taiwan", "", "TWN"),
        ("Sudan's paramilitary RSF shelled a camp in Chad.", "SDN.RSF", "TCD"),
        ("Rwanda-backed M23 rebels seized Goma.", "COD.M23", "COD"),
        ("US-led forces struck Islamic State.", "USA", "INT.ISIS"),
        ("Russian-backed separatists shelled Ukrainian troops.", "rebels", "UKR"),
        ("Nine Palestinians killed near aid site, health ministry says", "", "PSE"),
        ("Six Syrians freed in prisoner swap", "", "SYR"),
        ("Two British tourists were killed in Egypt.", "", "GBR"),
        ("Two British tourists were detained in Egypt.", "EGY", "GBR"),
        ("Sudan's army bombed RSF positions.", "SDN", "SDN.RSF"),
        ("Russia jailed dissidents.", "RUS", "opposition"),
        ("Poland said on Tuesday that Belarus had armed the migrants.", "BLR", "refugees"),
        ("Soldiers fired at demonstrators in Conakry.", "army", "protesters"),
        ("Army attacked again.", "army", ""),
        ("The wounded Kenyan soldiers left Somalia.", "KEN", "SOM"),
        ("Analysts said Kenya would send troops.", "KEN", ""),
        ("The truce collapsed after Kenya shelled the town.", "KEN", ""),
        # reports, datelines and settings
        ("Ukraine says Russia shelled Kharkiv", "RUS", "UKR"),
        ("Officials in Kyiv said that Russian forces had shelled Kharkiv.", "RUS", "UKR"),
        ("Russia says Israel must end its attacks on Syria.", "RUS", "ISR"),
        ("Kenya said talks with Somalia had failed.", "KEN", "SOM"),
        ("According to Ukraine, Russia shelled Kharkiv.", "RUS", "UKR"),
        ("KABUL: The Taliban ambushed a convoy.", "AFG.TALIBAN", "AFG"),
        ("On a visit to Zimbabwe, South African President Cyril Ramaphosa praised Botswana.", "ZAF", "BWA"),
    ],
)
def test_who_acts_and_who_is_acted_on(text, source, target):
    assert find_actors([text]).of(0)[:2] == (source, target)


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("Michael Jordan beat the Knicks.", []),
        ("Jordan closed its border with Syria.", ["JOR", "SYR"]),
        ("The Georgia governor signed the bill.", []),
        ("Georgia arrested four leaders of an opposition party.", ["GEO", "opposition"]),
        ("The Washington Post reported it.", []),
        ("South Korea and North Korea met.", ["KOR", "PRK"]),
        ("Niger and Nigeria met in Guinea-Bissau.", ["NER", "NGA", "GNB"]),
    ],
)
def test_ambiguous_names_are_settled_by_their_neighbours(text, keys):
    assert find_actors([text]).of(0)[2] == keys


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("israel bombed iran on monday", ["ISR", "IRN"]),
        ("the united states imposed sanctions on north korea", ["USA", "PRK"]),
        ("un officials met rebels in south sudan", ["UNO", "rebels", "SSD"]),
        ("they told us who may care", []),
        ("US officials met iran's envoys", ["USA"]),
    ],
)
def test_a_text_without_capitals_names_states_organisations_and_groups(text, keys):
    assert find_actors([text]).of(0)[2] == keys


def test_actors_of_a_batch_are_those_of_each_text():
    texts = ["Kenya accused Uganda.", "", "It rained.", "Peru thanked the United Nations.", "kenya accused uganda"]
    # words that would belong together within one text
    texts += [
        "Peruvians were",
        "Freed by Chad",
        "killed",
        "By Kenya",
        "Kenya says",
        "Uganda shelled",
        "Chad has been",
        "",
        "Rao thanked the premier",
        "League clubs met",
        "Six Syrians were detained",
        "In Egypt two British tourists were killed",
    ]
    together = find_actors(texts)
    assert [together.of(row) for row in range(len(texts))] == [find_actors([text]).of(0) for text in texts]


def test_swapping_the_two_actors_changes_no_stance(model):
    pairs = [("Kenya accused Uganda of an attack.", "Uganda accused Kenya of an attack.")]
    pairs += [("Peru sent food to Chad.", "Chad sent food to Peru.")]
    for one, other in pairs:
        a, b = score(model, [one, other]).take(slice(0, 1)), score(model, [one, other]).take(slice(1, 2))
        assert np.array_equal(a.label_proba, b.label_proba)


def test_a_gazetteer_with_a_row_that_does_not_fit_is_named(tmp_path):
    path = tmp_path / "actors.csv"
    path.write_text("key,type,name,aliases\nX,planet,Mars,\n")
    with pytest.raises(InputError, match=r"actors.csv, row 2: expected a name and a type of state, organisation"):
        gazetteer(path)


def test_actors_stand_in_every_row_on_request(folder, tmp_path):
    command = ["score", "Kenya accused Uganda.", "--model", folder, "--actors"]
    row = json.loads(forked.run([*command, "--format", "jsonl"], tmp_path).stdout)
    assert (row["source"], row["target"], row["actors"]) == ("KEN", "UGA", ["KEN", "UGA"])
    assert '"KEN; UGA"' in forked.run([*command, "--format", "csv"], tmp_path).stdout


@pytest.mark.parametrize(
    "text", ["Arsenal stay top of the Premier League", "FIFA bans club president", "Labour MPs rebel over welfare cuts"]
)
def test_a_generic_name_with_another_meaning_is_no_actor(text):
    assert find_actors([text]).of(0) == ("", "", [])
