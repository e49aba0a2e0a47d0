"""Headings that people and platforms give to the columns of a list of phone numbers.

The headings are in English, German, French, Spanish, Italian, Dutch and Portuguese, and from
exports of the platforms named in tests/numbers/test_files_platforms.py. They are compared by
`headings.normalize_heading`, so case, accents and punctuation do not matter.
"""


def split_words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# In the order of the form's choices. Each is also a heading itself; but see OWN_EXPORT_MEANINGS.
COLUMN_MEANINGS = (
    *("number", "country", "last_number", "range_size", "label", "carrier"),
    *("agent_id", "outbound_agent_id", "application_sid"),
    *("inbound_webhook_url", "outbound_trunk_id", "wanted", "id"),
)
TEMPLATE_COLUMNS = ("number", "label", "carrier", "agent_id", "application_sid")

# The groups of one meaning are separated by a line "---"; better headings are in earlier groups.
CERTAIN_HEADINGS = {
    "number": """
        e164, e164 number, e164 numbers, e164 phone number, number e164, phone number e164,
        telephone number e164, e164 nummer, e164 rufnummer, e164 numéro, numéro e164, número e164,
        numero e164
        ---
        number, numbers, phone, phones, phone number, phone numbers, phone no, phone #, telephone,
        telephone number, telephone numbers, telephone no, tel, tel no, tel number, telno, did,
        dids, did number, did numbers, did no, ddi, ddis, ddi number, did ddi, did ddi number,
        direct dial, direct dial number, direct inward dial, msisdn, tn, tns, full number,
        first number, first phone number, first telephone number, first did, first directory number,
        directory number, destination number, inbound number, incoming number, virtual number,
        start number, starting number, range start,
        nummer, nummern, rufnummer, rufnummern, telefonnummer, telefonnummern, telefon, telefone,
        telefonnr, telnr, tel nummer, rufnr, fernsprechnummer, durchwahl, durchwahlnummer,
        durchwahlnummern, anschlussnummer, erste nummer, erste rufnummer, startnummer,
        numéro, numéros, numéro de téléphone, numéros de téléphone, n de téléphone,
        no de téléphone, téléphone, téléphones, tél, num tél, numéro tél, numéro de tél,
        numéro d'appel, numéro téléphonique, numéro sda, sda, premier numéro, numéro de début,
        número, números, número de teléfono, números de teléfono, n de teléfono, no de teléfono,
        núm de teléfono, num teléfono, teléfono, teléfonos, número telefónico, primer número,
        número inicial,
        numero, numeri, numero di telefono, numeri di telefono, n di telefono, no di telefono,
        num telefono, telefono, telefoni, numero telefonico, recapito telefonico, primo numero,
        numero iniziale,
        telefoonnummer, telefoonnummers, telefoon, doorkiesnummer, doorkiesnummers, eerste nummer,
        beginnummer,
        número de telefone, números de telefone, n de telefone, no de telefone, telefones,
        número de telemóvel, número telefônico, número telefónico, primeiro número, nr de telefone
    """,
    "country": """
        iso country code, country iso code, country iso, iso country, country code iso, iso2,
        iso code, iso code 2, country code alpha 2
        ---
        country, country code, country name, countries, nation, country region, country or region,
        dial code, dialing code, dialling code, calling code, country calling code,
        country dial code, country dialing code, international dial code,
        land, länder, ländercode, landescode, landeskennzahl, landeskennung, ländervorwahl,
        landesvorwahl, ländername, länderkennung, länderkürzel,
        pays, code pays, code du pays, nom du pays, indicatif, indicatif pays, indicatif du pays,
        indicatif international,
        país, código país, código de país, código del país, nombre del país, prefijo internacional,
        prefijo del país, prefijo país,
        paese, nazione, codice paese, codice nazione, codice del paese, nome paese,
        prefisso internazionale, prefisso paese,
        landcode, landnaam, landnummer, landencode,
        código do país, nome do país, indicativo, indicativo do país, indicativo internacional
    """,
    "last_number": """
        last number, last phone number, last telephone number, last did, last directory number,
        end number, ending number, range end, end of range, number to,
        letzte nummer, letzte rufnummer, endnummer, endrufnummer, bis nummer, bis rufnummer,
        dernier numéro, numéro de fin, fin de plage, fin de tranche,
        último número, número final, fin de rango, fin del rango,
        ultimo numero, numero finale, fine intervallo,
        laatste nummer, eindnummer,
        fim da faixa, fim do intervalo
    """,
    "range_size": """
        range size, block size, size of range, numbers in range, numbers in block,
        number of numbers, did range size,
        blockgröße, bereichsgröße, rufnummernblockgröße, anzahl nummern, anzahl rufnummern,
        anzahl der nummern, anzahl der rufnummern, rufnummernanzahl,
        taille de la plage, taille de la tranche, taille du bloc, nombre de numéros,
        tamaño del rango, tamaño del bloque, tamaño de rango, cantidad de números,
        dimensione intervallo, dimensione blocco, dimensione del blocco, quantità di numeri,
        blokgrootte, bereikgrootte, reeksgrootte, aantal nummers,
        tamanho do intervalo, tamanho do bloco, tamanho da faixa, quantidade de números
    """,
    "label": """
        label, labels, bezeichnung, beschriftung, libellé, étiquette, etiqueta, etichetta, rótulo
        ---
        friendly name, display name, alias, nickname, number name, phone number name, did name,
        did ddi name, anzeigename, intitulé, weergavenaam, nombre descriptivo
        ---
        name, description, descr, desc, title,
        beschreibung, titel, nom, désignation, titre, nombre, descripción, título,
        nome, descrizione, titolo, naam, omschrijving, beschrijving, descrição
        ---
        comment, comments, note, notes, memo, remark, remarks,
        bemerkung, bemerkungen, kommentar, kommentare, notiz, notizen, anmerkung, anmerkungen,
        commentaire, commentaires, remarque, remarques,
        comentario, comentarios, nota, notas, observación, observaciones, commento, commenti,
        opmerking, opmerkingen, notitie, notities, toelichting,
        comentário, comentários, observação, observações
    """,
    "carrier": """
        carrier, carrier name, carrier sid, voip carrier, voip carrier name, voip carrier sid,
        sip carrier
        ---
        provider, provider name, telco, operator,
        anbieter, netzbetreiber, betreiber, telefonanbieter, provider name,
        opérateur, fournisseur, nom de l'opérateur,
        operador, operadora, proveedor, operatore, fornitore, gestore,
        aanbieder, fornecedor, provedor
    """,
    "agent_id": """
        agent id, agent, inbound agent, inbound agent id, assistant, assistant id, agent name,
        assistent, assistent id, eingehender agent,
        id agent, id de l'agent, identifiant de l'agent, agent entrant,
        agente, id agente, id de agente, id del agente, agente entrante, asistente,
        assistente, agente in entrata,
        inkomende agent,
        id do agente, agente de entrada
    """,
    "outbound_agent_id": """
        outbound agent id, outbound agent, ausgehender agent, agent sortant, agente saliente,
        agente in uscita, uitgaande agent, agente de saída
    """,
    "application_sid": """
        application sid, application, app, app sid, anwendung, anwendungs sid, applikation,
        sid de l'application, aplicación, sid de la aplicación, applicazione, sid applicazione,
        applicatie, applicatie sid, toepassing, aplicação, aplicativo, sid da aplicação
    """,
    "inbound_webhook_url": """
        inbound webhook url, inbound webhook, webhook url, webhook,
        eingehender webhook, url du webhook, webhook entrant, url del webhook, webhook entrante,
        webhook in entrata, inkomende webhook, url do webhook, webhook de entrada
    """,
    "outbound_trunk_id": """
        outbound trunk id, outbound trunk, ausgehender trunk, trunk sortant, troncal saliente,
        trunk saliente, trunk in uscita, uitgaande trunk, trunk de saída
    """,
}

# Headings that may have this meaning. Certain headings win over them, and they are always
# confirmed.
PROPOSED_HEADINGS = {
    "number": """
        international number, internationale rufnummer, numéro international,
        número internacional, numero internazionale
        ---
        line uri, tel uri, national number, local number, subscriber number, pilot number,
        main number, business phone, work phone, office phone, contact phone, contact number,
        pbx phone number, did pattern, line number, mobile, mobile number, mobile phone, cell,
        cell phone, cellular, home phone, from number,
        handy, handynummer, mobil, mobilnummer, mobiltelefon, mobilfunknummer, festnetz,
        festnetznummer, hauptnummer, anschluss, kopfnummer, stammnummer,
        portable, ligne, móvil, celular, línea, cellulare, linea, mobiel, mobiele nummer,
        telemóvel, linha
    """,
    "label": """
        destination description, customer reference, reference, referenz, référence, referencia
    """,
    "country": "cc, phone country",
}

# Words in the headings of columns that hold no numbers to import, whatever their cells look like.
NON_NUMBER_WORDS = split_words(
    """
    id ids sid uuid guid key code pin serial imei imsi iccid sim mac ip address email mail url uri
    type typ status state count total size quantity capacity channels price cost rate fee amount
    balance invoice order po date time created updated expires expiry added renewal zip postal
    postcode plz caller callerid cid cidnum cidname cnam clid clip cli ani account accountcode acct
    customer kundennummer kunde kundennr kontonummer konto vertragsnummer vertrag contract
    bestellnummer rechnungsnummer rechnung client cliente compte cuenta conto fax faxnummer
    faxnumber forward forwarding forwarded redirect transfer failover fallback extension ext
    nebenstelle user agent name label description city country region prefix vorwahl
    areacode area emergency old alt alte alter previous former ticket vat tax iban expiration
    increment billing tenant
    """
)
# Words in the headings of columns of phone numbers.
PHONE_WORDS = split_words(
    """
    phone phones telephone tel telefon telefono telefone telefoon telephonenumber phonenumber did
    ddi dids ddis msisdn e164 rufnummer rufnummern telefonnummer telefonnummern telefoonnummer sda
    """
)

# Further headings of our own export, valid in such files only, with "" for no meaning.
OWN_EXPORT_MEANINGS = {
    "agent": "agent_id",
    "outbound_agent": "outbound_agent_id",
    "application": "application_sid",
    "webhook": "inbound_webhook_url",
    "trunk": "outbound_trunk_id",
    "wanted": "wanted",
    "id": "id",
    **dict.fromkeys(("status", "reason", "integration", "source", "added", "changed"), ""),
}
# A file with all headings of one of these sets is treated as our own export.
OWN_EXPORT_MARKS = ("number wanted", "number id added changed")

# Further headings of an import report, in the languages of the portal. A file with one of each
# group is treated as a report.
REPORT_GROUPS = (
    "line zeile",
    "fate ergebnis result resultat outcome",
    "message meldung reason grund",
)

# Headings that mean something else in the export of one platform. If a file has all of the first,
# the second apply, with "" for no meaning.
PLATFORM_HEADINGS = (
    ("cidnum, extension, destination", {"extension": "number"}),  # FreePBX, DIDs
    ("destination_number, destination_prefix", {"destination_prefix": "country"}),  # FusionPBX
    ("alias, application, added_on", {"application": "", "carrier": ""}),  # Plivo, API
    ("alias, application, number type", {"application": "", "carrier": ""}),  # Plivo, console
    ("did_number, match_to_user", {"match_to_user": ""}),  # Yeastar
)

TOTALS_WORDS = split_words(
    """
    total totals grandtotal subtotal sum sums summe summen gesamt gesamtsumme gesamtzahl insgesamt
    zwischensumme somme totale totali totaux sommaire suma soma totaal totais totales
    """
)
