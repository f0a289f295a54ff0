#!/usr/bin/env python3
"""Writes bleu.json: invented lines and what sacreBLEU says of them. python3 make_bleu.py"""

import json
import pathlib
import random

import sacrebleu

LINES = [
    "The cat sat on the mat.",
    "  leading and trailing white space\u00a0 ",
    "no-break\u00a0space, thin\u2009space and ideographic\u3000space",
    "file\u001cand\u001funit separators, next\u0085line",
    "He said: &quot;R&amp;D costs &lt;10&gt; &amp;amp; more&quot;",
    "In 1,234.56 cases, 3.5% of the 2019-2020 budget (about $7.25) went missing...",
    "A 10-year-old boy; a well-known, state-of-the-art re-use!",
    ".5 and 5. and 5.a and a.5 and ,7, and 7,8 and ..9",
    "5-6 -7 8- - 9--10",
    "L'\u00e9t\u00e9, c'est l\u2019\u00e9t\u00e9 \u2013 \u00ab\u00a0oui\u00a0\u00bb",
    "\u0130stanbul I\u0130 \u039f\u0394\u039f\u03a3 \u03a3\u03af\u03c3\u03c5\u03c6\u03bf\u03a3\u2019 \u01c5 STRASSE Stra\u00dfe \u1e9e",
    "\u041f\u0440\u0438\u0432\u0435\u0442, \u041c\u0418\u0420! \u4f60\u597d\uff0c\u4e16\u754c\u3002",
    "emoji \U0001f600 and family \U0001f468\u200d\U0001f469\u200d\U0001f467.",
    "<skipped> this <skipped>",
    "[brackets] {braces} ~tilde~ `back` ^hat^ _under_ @at #hash a/b a\\b a|b a=b a+b a*b",
    "",
    " ",
    "one",
    "one two",
    "one two three",
    "one two three four",
    "a a a a a a a",
    "tab\tin\tthe line",
    "the the the the",
    "\u4ef7\u683c\u4e3a1,234.56\u5143\uff0c\uff08\u542b\u7a0e\uff09\uff01 100\uff05 \u300c\u7b2c3\u7ae0\u300d",
    "\u20ac5 + \u00a33 = $8 \u00b1 2\u00b0C, \u00bd\u2044\u00be \u2163. x\u00b2\u2212y\u2082 \u2260 \u221e \u20b9\u0661\u066b\u0665",
    "cafe\u0301, na\u0308ive\u2026 \u2018q\u2019 \u201cQ\u201d \u00bfqu\u00e9? \u00a1s\u00ed! a\u200bb c\u00add \U0001f44d\U0001f3fd \U0001f1e9\U0001f1ea",
    "in 1984. 3,14 ,5 6. 7.,8 .a. b.c 9.. --1-- x.1 1.x",
    "\u0965\u0966.\u0967\u0965 \u060c\u0663\u066c\u0664 \u2e3a\u301c\uff5e \U00010100\U0001d6c1 \U0001fae8 \u2ffc \u1b4e",
]
WORDS = "the cat dog saw 3.5 1,000 it's well-known . , ; (and) % &amp; R&D 5-6 \u00e9t\u00e9 THE Cat".split()


def noisy(line, generator):
    """The line with words dropped, swapped, repeated or changed in case."""
    words = line.split(" ")
    for _ in range(generator.randrange(4)):
        i = generator.randrange(len(words))
        change = generator.randrange(4)
        if change == 0:
            words[i] = generator.choice(WORDS)
        elif change == 1:
            words.insert(i, generator.choice(WORDS))
        elif change == 2 and len(words) > 1:
            del words[i]
        else:
            words[i] = words[i].upper()
    return " ".join(words)


def case(name, hypotheses, references):
    results, chrf = [], []
    for tokenize in ("none", "13a", "char", "intl"):
        for lowercase in (False, True):
            metric = sacrebleu.BLEU(tokenize=tokenize, lowercase=lowercase)
            score = metric.corpus_score(hypotheses, references)
            results.append({"tokenize": tokenize, "lowercase": lowercase, "line": str(score),
                            "score": score.score, "counts": score.counts, "totals": score.totals,
                            "signature": str(metric.get_signature()).rsplit("|", 1)[0]})
    for lowercase in (False, True):
        metric = sacrebleu.CHRF(lowercase=lowercase)
        score = metric.corpus_score(hypotheses, references)
        chrf.append({"lowercase": lowercase, "line": str(score), "score": score.score,
                     "signature": str(metric.get_signature()).rsplit("|", 1)[0]})
    return {"name": name, "hypotheses": hypotheses, "references": references, "results": results,
            "chrf": chrf}


def interval(name, metric, hypotheses, references):
    score = metric.corpus_score(hypotheses, references, n_bootstrap=1000)
    return {"name": name, "hypotheses": hypotheses, "references": references, "line": str(score),
            "signature": str(metric.get_signature()).rsplit("|", 1)[0]}


def compact(part):
    """The JSON of a part of the data: one line for each item of a list."""
    if not isinstance(part, list):
        return json.dumps(part)
    return "[\n" + ",\n".join(json.dumps(item) for item in part) + "\n]"


def main():
    generator = random.Random(7)
    texts = [" ".join(generator.choices(WORDS, k=generator.randrange(1, 15))) for _ in range(17)]
    noise = lambda lines: [noisy(line, generator) for line in lines]
    cases = [
        case("every odd line against itself", LINES, [LINES]),
        case("odd lines, one reference", noise(LINES), [LINES]),
        case("odd lines, three references", noise(LINES), [LINES, noise(LINES), noise(LINES)]),
        case("random words", noise(texts), [texts]),
        case("random words, two references", noise(texts), [texts, noise(texts)]),
        case("too short for 4-grams", ["one", "two three"], [["one", "two four"]]),
        case("no match at all", ["a b c d e"], [["v w x y z"]]),
        case("smoothed twice", ["a b x c d", "p q"], [["a b y c d", "q p"]]),
        case("empty hypotheses", ["", ""], [["a b c d", "e"]]),
        case("empty references", ["a b c d", "e"], [["", ""]]),
        case("brevity", ["the cat sat on the mat today"], [["the cat sat on the mat today and more"]]),
        case("equally close references", ["a b c d e"], [["a b c d"], ["a b c d e f"]]),
    ] + [case(f"line {i} alone", noise([line]), [[line]]) for i, line in enumerate(LINES)]
    corpora = [(noise(texts), [texts]), (noise(texts), [texts, noise(texts)]),
               (noise(texts[:2]), [texts[:2]]), (texts[:1], [texts[1:2]])]
    intervals = [interval(name, metric(), *corpus) for corpus in corpora
                 for name, metric in (("bleu", sacrebleu.BLEU), ("chrf", sacrebleu.CHRF))]
    for line in LINES:
        assert "\n" not in line
    words = lambda line, name: sacrebleu.BLEU(tokenize=name)._preprocess_segment(line).split()
    tokenized = [{"line": line} | {name: " ".join(words(line, name)) for name in ("13a", "char", "intl")}
                 for line in LINES]
    data = {"sacrebleu": sacrebleu.__version__, "cases": cases, "intervals": intervals, "tokenized": tokenized,
            "lowercase": [[line, line.lower()] for line in LINES]}
    path = pathlib.Path(__file__).with_name("bleu.json")
    path.write_text("{" + ",\n".join(f'"{key}": {compact(part)}' for key, part in data.items()) + "}\n")


if __name__ == "__main__":
    main()
