"""A whole report in any language: three pictures, twelve turns, everything a paper can hold."""

from dataclasses import replace

from app.anatomy.catalogue import load
from app.guardrail.check import Guard, Scan
from app.report.compose import marked_structures, terms_used
from app.report.content import (
    Edition,
    ReportContact,
    ReportContent,
    ReportReference,
    ReportStyle,
    ReportTurn,
)
from tests.app.report.drawn_content import drawn_png, drawn_region, drawn_report, drawn_scan

QUESTIONS = {
    "en": "Which part is the stomach?",
    "nl": "Welk deel is de maag?",
    "de": "Wo ist der Magen? Größe, Öl, Übung",
    "fr": "Où est l'estomac, s'il vous plaît ? Ça va, œuf",
    "es": "¿Dónde está el estómago? Mañana, niño",
    "tr": "Mide nerede? Şekil, \u0131ğd\u0131r, İstanbul, çöğüş",
    "ar": "أين المعدة؟ هل أحتاج إلى فحص آخر؟",
    "pl": "Gdzie jest żołądek? Zażółć gęślą jaźń",
}
"""With the letters that each language has of its own."""


def whole_report(
    language: str, edition: Edition = "before", style: ReportStyle | None = None
) -> ReportContent:
    """Everything at once; the fixed sentences are the policy's own."""
    guard, catalogue = Guard.load(None), load()
    scan = Scan(modality="CT", region="abdomen", plane="axial")
    regions = [
        drawn_region("left kidney", 0.68, 0.6, 0.07),
        drawn_region("liver", 0.27, 0.45, 0.15),
        drawn_region("right kidney", 0.34, 0.62, 0.06),
    ]
    marked = replace(
        drawn_scan(),
        structures=marked_structures(regions, catalogue, language),
        uncertain=(catalogue.structure("spleen").text(language).name,),
        removed=(catalogue.structure("stomach").text(language).name,),
    )
    plain = replace(marked, structures=(), modality="MR", plane="sagittal", region="head")
    answer = guard.check_answer("", "", language, scan).text
    turns = tuple(ReportTurn(QUESTIONS[language], answer, by_doctor=n == 3) for n in range(12))
    drawn = [
        ReportReference(drawn_png(seed=n), ("region", "plane"), "Anteroom", "CC0", is_drawn=n == 1)
        for n in (1, 2)
    ]
    return drawn_report(
        language=language,
        edition=edition,
        ai_line=guard.fixed("ai_line", language),
        companion_line=guard.fixed("companion", language),
        intended_purpose=guard.fixed("intended_purpose", language),
        scans=(marked, replace(marked, place=(14, 30)), plain),
        references=tuple(drawn),
        turns=turns,
        questions=guard.suggested_questions(language, scan),
        glossary=terms_used(turns, (marked,), catalogue, language),
        whom_to_call=(ReportContact("Front desk", "040 123 45 67, 8 to 18"),),
        doctor_sentence=QUESTIONS[language] if edition == "after" else None,
        style=style or ReportStyle(),
    )
