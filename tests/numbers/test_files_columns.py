"""What the columns of a file mean: by their headings, by their cells, and by a given mapping."""

import pytest

from numbers.bulk.files.headings import heading_meaning
from numbers.bulk.files.tables import COLUMN_MEANINGS, read_file_layout, read_file_lines
from numbers.bulk.files.unreadable import UnreadableFile

OWN = (
    "number,label,status,wanted,reason,carrier,integration,agent,outbound_agent,application,webhook,"
    "trunk,source,added,changed,id"
)
ROW = "+14155550101,x,active,active,r,c,i,a,b,s,w,t,manual,2026-01-02,2026-01-03,7"


def meanings(text: str) -> list[str]:
    return [column.meaning for column in read_file_layout(text.encode()).columns]


def asks(text: str) -> bool:
    return read_file_layout(text.encode()).needs_confirmation


def numbers_of(text: str) -> list[str]:
    return [line.cells["number"] for line in read_file_lines(text.encode())]


HEADINGS = {
    "number": (
        "Phone number, Rufnummer, Numéro de téléphone, Número de teléfono, Numero di telefono, "
        "Telefoonnummer, Número de telefone, TÉLÉPHONE, tel., N° de téléphone, E164 Number, "
        "Phone Number (E.164), phone_number, DID, MSISDN, Telephone Number *, Nº de teléfono"
    ),
    "country": "Country, Land, Pays, País, Paese, ISO country code, Calling code, Ländervorwahl, "
    "Code pays, Código de país, Prefisso internazionale, Landcode, Código do país, IsoCountryCode",
    "last_number": "Last number, Letzte Rufnummer, Dernier numéro, Último número, Ultimo numero, "
    "Laatste nummer, Fim do intervalo, Range end",
    "range_size": "Range size, Blockgröße, Taille de la plage, Tamaño del rango, Blokgrootte, "
    "Dimensione blocco, Tamanho do bloco, Anzahl der Rufnummern",
    "label": "Label, Bezeichnung, Libellé, Descripción, Etichetta, Omschrijving, Descrição, Name, "
    "friendly_name, Kommentar, Notas",
    "carrier": "Carrier, Netzbetreiber, Opérateur, Proveedor, Gestore, Aanbieder, Operadora",
    "agent_id": "Agent ID, Assistent, Agente, Agent entrant, Agente in entrata, Inkomende agent, "
    "Agente de entrada",
    "outbound_agent_id": "Outbound agent, Ausgehender Agent, Agent sortant, Agente saliente, "
    "Agente in uscita, Uitgaande agent, Agente de saída",
    "application_sid": "Application SID, Anwendung, SID de l'application, Aplicación, "
    "Applicazione, Toepassing, Aplicação",
    "inbound_webhook_url": "Webhook URL, Eingehender Webhook, Webhook entrant, Webhook entrante, "
    "Webhook in entrata, Inkomende webhook, Webhook de entrada",
    "outbound_trunk_id": "Outbound trunk, Ausgehender Trunk, Trunk sortant, Troncal saliente, "
    "Trunk in uscita, Uitgaande trunk, Trunk de saída",
}


@pytest.mark.parametrize(
    ("meaning", "heading"),
    [(meaning, each.strip()) for meaning, text in HEADINGS.items() for each in text.split(",")],
)
def test_a_heading_in_seven_languages_is_certain(meaning, heading):
    reading = heading_meaning(heading)
    assert (reading.meaning, reading.is_certain) == (meaning, True)


@pytest.mark.parametrize(
    ("heading", "is_certain"),
    [
        *(("Telefon (E.164)", True), ("Rufnummer [Pflichtfeld]", True), ("Phone (required)", True)),
        *(("Phone (Berlin)", False), ("Rufnummer (privat)", False), ("Main phone line", False)),
    ],
)
def test_what_is_added_to_a_heading_is_asked_about_unless_it_says_nothing_new(heading, is_certain):
    reading = heading_meaning(heading)
    assert (reading.meaning, reading.is_certain) == ("number", is_certain)


@pytest.mark.parametrize(
    "heading", ["\u200bNumber\u2066", "Num\u00adber", "\ufeffnumber", "number\u3164"]
)
def test_characters_that_are_not_seen_do_not_hide_a_heading(heading):
    assert heading_meaning(heading).meaning == "number"


@pytest.mark.parametrize(
    "heading",
    [
        *("Caller ID", "Caller ID number", "Account number", "Price", "Kundennummer", "Fax number"),
        *("Phone number type", "SID", "Status", "id", "wanted", "Forward to", "Old number"),
        *("Telephone Number Status", "Capacity", "Expires", "Extension", "Phone provider ID"),
    ],
)
def test_what_is_no_number_of_ours_is_not_taken_for_one(heading):
    assert heading_meaning(heading).meaning == ""
    text = f"{heading},Phone\n4930901899,+4930901820\n4930901898,+4930901821\n"
    assert meanings(text) == ["", "number"]
    assert asks(text)


class TestOurOwnFiles:
    def test_an_export_needs_no_question(self):
        layout = read_file_layout(f"{OWN}\n{ROW}\n".encode())
        found = {column.heading: column.meaning for column in layout.columns if column.meaning}
        assert found == {
            **{name: name for name in ("number", "label", "wanted", "carrier", "id")},
            "agent": "agent_id",
            "outbound_agent": "outbound_agent_id",
            "application": "application_sid",
            "webhook": "inbound_webhook_url",
            "trunk": "outbound_trunk_id",
        }
        assert not layout.needs_confirmation

    @pytest.mark.parametrize("text", ["number,wanted\n+14155550101,inactive\n", f"{OWN}\n{ROW}\n"])
    def test_what_is_wanted_is_taken_from_an_export(self, text):
        assert next(read_file_lines(text.encode())).cells["wanted"] in ("active", "inactive")

    @pytest.mark.parametrize("name", ["id", "sid", "status", "trunk", "wanted"])
    def test_the_same_word_of_another_platform_is_not_ours(self, name):
        text = f"phone,{name},tags\n+14155550101,x,y\n"
        assert meanings(text) == ["number", "", ""]

    @pytest.mark.parametrize(
        "heading",
        [
            "line,number,label,carrier,agent_id,application_sid,fate,message",
            "Zeile,Nummer,label,carrier,agent_id,application_sid,Ergebnis,Meldung",
        ],
    )
    def test_the_report_of_an_import_needs_no_question(self, heading):
        text = f"{heading}\n2,+14155550101,x,Acme,a,s,error,Wrong.\n"
        expected = ["", "number", "label", "carrier", "agent_id", "application_sid", "", ""]
        assert (meanings(text), asks(text)) == (expected, False)

    def test_line_and_message_are_known_in_a_report_alone(self):
        assert asks("number,line,message\n+14155550101,2,x\n")

    def test_every_meaning_is_its_own_heading(self):
        assert meanings(",".join(COLUMN_MEANINGS) + "\n+14155550101\n") == list(COLUMN_MEANINGS)


class TestOfTwoColumns:
    def test_the_better_heading_is_the_number(self):
        text = "LineUri,Phone Number\ntel:+14155550101,+14155550101\n"
        assert meanings(text) == ["", "number"]

    def test_the_first_of_two_alike_is_the_number(self):
        text = "Phone,Telephone,Name\n+14155550101,+14155550102,x\n"
        assert (meanings(text), asks(text)) == (["number", "", "label"], True)

    def test_e164_comes_before_national(self):
        assert meanings("Number,E164\n030 901820,+4930901820\n") == ["", "number"]

    def test_cells_that_are_no_numbers_lose_against_others(self):
        text = "Number,Phone,Name\n1,+4930901820,a\n2,+4930901821,b\n"
        assert (meanings(text), asks(text)) == (["", "number", "label"], True)

    def test_the_label_is_the_one_that_says_so(self):
        assert meanings("note,label,number\na,b,+14155550101\n") == ["", "label", "number"]

    def test_an_empty_one_does_not_keep_the_other_from_its_meaning(self):
        assert meanings("label,description,number\n,b,+14155550101\n") == ["", "label", "number"]


class TestUnknownColumns:
    TEXT = "number,colour,size\n+14155550101,red,\n"

    def test_are_ignored_with_a_notice(self):
        assert read_file_layout(self.TEXT.encode()).notices == ["Ignored columns: colour."]
        assert next(read_file_lines(self.TEXT.encode())).cells == {"number": "+14155550101"}

    def test_ask_where_they_have_content(self):
        assert asks(self.TEXT)
        assert not asks("number,colour\n+14155550101,\n")

    def test_show_samples(self):
        cells = "".join(f"+1415555010{n},{'x' * 70 if n else ''}{n}\n" for n in range(6))
        samples = read_file_layout(f"number,colour\n{cells}".encode()).columns[1].samples
        assert samples == ["0", "x" * 60, "x" * 60]

    def test_without_a_number_nothing_is_read(self):
        layout = read_file_layout(b"label,agent\nx,y\n")
        assert layout.needs_confirmation
        with pytest.raises(UnreadableFile, match="No column holds the numbers.*label, agent"):
            list(read_file_lines(b"label,agent\nx,y\n"))

    def test_without_a_heading_of_their_own_count_where_most_rows_have_them(self):
        text = "number,label\n+14155550101,a,b\n+14155550102,a,b\n+14155550103,a\n"
        assert (meanings(text), asks(text)) == (["number", "label", ""], True)


class TestMapping:
    DATA = b"Leitung;Wer;Wo\n+4930901820;Anna;Berlin\n"

    @pytest.mark.parametrize(
        "mapping",
        [
            {"Leitung": "number", "Wer": "label", "Wo": ""},
            {"1": "number", "2": "label"},
            {" leitung ": "number", "WER": "label"},
        ],
    )
    def test_names_columns_by_heading_or_position(self, mapping):
        (line,) = read_file_lines(self.DATA, mapping=mapping)
        assert line.cells == {"number": "+4930901820", "label": "Anna"}
        assert not read_file_layout(self.DATA, mapping=mapping).needs_confirmation

    def test_leaves_known_columns_and_ignores_all_others(self):
        data = b"phone,label,colour,old\n+1,x,red,+4930901820\n"
        columns = read_file_layout(data, mapping={"old": "number"}).columns
        assert [column.meaning for column in columns] == ["", "label", "", "number"]

    def test_a_heading_comes_before_a_position(self):
        (line,) = read_file_lines(b"number,1\n+1,+2\n", mapping={"1": "number"})
        assert line.cells == {"number": "+2"}

    @pytest.mark.parametrize(
        ("mapping", "words"),
        [
            ({"Farbe": "number"}, "no column “Farbe”. It has: Leitung, Wer, Wo"),
            ({"4": "number"}, "no column “4”"),
            ({"0": "number"}, "no column “0”"),
            ({"Leitung": "nummer"}, "cannot mean “nummer”. Use one of these: number, country"),
            ({"Leitung": "number", "Wer": "number"}, "Only one column can mean “number”"),
            ({"Wer": "label"}, "Map one of these columns to “number”: Leitung, Wer, Wo"),
        ],
    )
    def test_that_cannot_be_is_refused_with_the_reason(self, mapping, words):
        for read in (
            read_file_layout,
            lambda *given, **more: list(read_file_lines(*given, **more)),
        ):
            with pytest.raises(UnreadableFile, match=words):
                read(self.DATA, mapping=mapping)


class TestWithoutAHeading:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("+4930901820\n+4930901821\n", ["number"]),
            ("Front desk,+12125551001\nSales,+12125551002\n", ["label", "number"]),
            ("030 901820;Büro\n030 901821;Lager\n", ["number", "label"]),
            ("+4930901827,1047\n+4930901828,1048\n", ["number", "label"]),
            ("112\n116117\n", ["number"]),
            ("٠٣٠٩٠١٨٢٠,x\n٠٣٠٩٠١٨٢١,y\n", ["number", "label"]),
            ("tel:030-901820;x\ntel:030-901821;y\n", ["number", "label"]),
            ("“030 901820”;x\n’030 901821;y\n", ["number", "label"]),
            ("4.93E+10;x\n4.94E+10;y\n", ["number", "label"]),
        ],
    )
    def test_a_clear_list_needs_no_question(self, text, expected):
        layout = read_file_layout(text.encode())
        assert [column.meaning for column in layout.columns] == expected
        assert (layout.heading_line, layout.needs_confirmation) == (None, False)

    @pytest.mark.parametrize(
        "other",
        [
            *("2026-11-27", "27.11.2026", "11/27/26", "2026-11-27T10:00:00Z", "10:30"),
            *("1,234.50", "12.5000", "10.20.30.40", "1001", "20261127", "1234567890123456789"),
            "12dc078b-2d3d-4acd-94d1-0de180fab662",
        ],
    )
    def test_dates_prices_and_ids_are_not_the_number(self, other):
        text = f"{other};030 901820;Front\n{other};030 901821;Back\n"
        assert meanings(text)[1:] == ["number", "label"]
        assert asks(text)

    def test_codes_of_countries_are_no_label(self):
        text = "2125550130,US\n2125550131,US\n02071838713,GB\n"
        assert (meanings(text), asks(text)) == (["number", ""], True)

    def test_two_columns_of_numbers_ask(self):
        text = "+4930901820,+4930901830\n+4930901821,+4930901831\n"
        assert (meanings(text), asks(text)) == (["number", ""], True)

    def test_bad_entries_among_numbers_ask_nothing(self):
        text = "+4930901820\nunknown\n\n+4930901821\n12\n"
        assert (meanings(text), asks(text)) == (["number"], False)
        assert numbers_of(text) == ["+4930901820", "unknown", "+4930901821", "12"]

    def test_nothing_like_a_number_asks(self):
        assert asks("red\nblue\n")


class TestAHeadingThatIsNotRecognized:
    @pytest.mark.parametrize("heading", ["Leitung;Wer", "номер;метка", "Line;Who"])
    def test_is_no_row_and_asks(self, heading):
        text = f"{heading}\n+4930901820;Büro\n+4930901821;Lager\n"
        layout = read_file_layout(text.encode())
        assert (layout.heading_line, layout.needs_confirmation) == (1, True)
        assert "Line 1 was read as the heading." in layout.notices
        assert [column.meaning for column in layout.columns] == ["number", ""]
        assert numbers_of(text) == ["+4930901820", "+4930901821"]

    def test_of_one_column_asks_too(self):
        assert asks("Leitung\n+4930901820\n+4930901821\n")
        assert numbers_of("Leitung\n+4930901820\n+4930901821\n") == ["+4930901820", "+4930901821"]

    def test_below_titles_is_found(self):
        text = "Our lines;\n\nLeitung;Wer\n+4930901820;Büro\n+4930901821;Lager\n"
        assert read_file_layout(text.encode()).heading_line == 3
