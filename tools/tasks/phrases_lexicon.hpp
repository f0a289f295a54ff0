#pragma once

/// The words of the task `phrases`: an English-French lexicon with the forms that agreement needs.
namespace heed::tools::lexicon {

/// What a noun stands for; adjectives and prepositions choose their nouns by it.
enum Kind : int { person = 1, animal = 2, thing = 4, place = 8, anything = 15 };

struct Noun {
  const char *singular, *plural;
  const char *french_singular, *french_plural;
  bool feminine;
  Kind kind;
};
inline constexpr Noun nouns[] = {
    {"man", "men", "homme", "hommes", false, person},
    {"woman", "women", "femme", "femmes", true, person},
    {"boy", "boys", "garçon", "garçons", false, person},
    {"girl", "girls", "fille", "filles", true, person},
    {"child", "children", "enfant", "enfants", false, person},
    {"friend", "friends", "ami", "amis", false, person},
    {"king", "kings", "roi", "rois", false, person},
    {"queen", "queens", "reine", "reines", true, person},
    {"teacher", "teachers", "professeur", "professeurs", false, person},
    {"cat", "cats", "chat", "chats", false, animal},
    {"dog", "dogs", "chien", "chiens", false, animal},
    {"bird", "birds", "oiseau", "oiseaux", false, animal},
    {"horse", "horses", "cheval", "chevaux", false, animal},
    {"cow", "cows", "vache", "vaches", true, animal},
    {"car", "cars", "voiture", "voitures", true, thing},
    {"book", "books", "livre", "livres", false, thing},
    {"table", "tables", "table", "tables", true, thing},
    {"tree", "trees", "arbre", "arbres", false, thing},
    {"apple", "apples", "pomme", "pommes", true, thing},
    {"flower", "flowers", "fleur", "fleurs", true, thing},
    {"letter", "letters", "lettre", "lettres", true, thing},
    {"boat", "boats", "bateau", "bateaux", false, thing},
    {"hat", "hats", "chapeau", "chapeaux", false, thing},
    {"house", "houses", "maison", "maisons", true, place},
    {"garden", "gardens", "jardin", "jardins", false, place},
    {"school", "schools", "école", "écoles", true, place},
    {"church", "churches", "église", "églises", true, place},
    {"street", "streets", "rue", "rues", true, place},
};

struct Adjective {
  const char* english;
  /// Does it stand before its noun in French?
  bool before;
  /// The kinds of nouns that it describes.
  int kinds;
  /// `vowel`: the masculine singular before a vowel (un bel oiseau).
  const char *masculine, *vowel, *feminine, *masculine_plural, *feminine_plural;
};
inline constexpr Adjective adjectives[] = {
    {"big", true, anything, "grand", "grand", "grande", "grands", "grandes"},
    {"little", true, anything, "petit", "petit", "petite", "petits", "petites"},
    {"old", true, anything, "vieux", "vieil", "vieille", "vieux", "vieilles"},
    {"beautiful", true, anything, "beau", "bel", "belle", "beaux", "belles"},
    {"pretty", true, anything, "joli", "joli", "jolie", "jolis", "jolies"},
    {"new", true, anything, "nouveau", "nouvel", "nouvelle", "nouveaux", "nouvelles"},
    {"young", true, person | animal, "jeune", "jeune", "jeune", "jeunes", "jeunes"},
    {"red", false, animal | thing | place, "rouge", "rouge", "rouge", "rouges", "rouges"},
    {"green", false, animal | thing | place, "vert", "vert", "verte", "verts", "vertes"},
    {"blue", false, animal | thing | place, "bleu", "bleu", "bleue", "bleus", "bleues"},
    {"white", false, animal | thing | place, "blanc", "blanc", "blanche", "blancs", "blanches"},
    {"black", false, animal | thing | place, "noir", "noir", "noire", "noirs", "noires"},
    {"strange", false, anything, "étrange", "étrange", "étrange", "étranges", "étranges"},
    {"happy", false, person | animal, "heureux", "heureux", "heureuse", "heureux", "heureuses"},
    {"tired", false, person | animal, "fatigué", "fatigué", "fatiguée", "fatigués", "fatiguées"},
    {"sad", false, person | animal, "triste", "triste", "triste", "tristes", "tristes"},
    {"rich", false, person, "riche", "riche", "riche", "riches", "riches"},
};

/// Null where a number has no form.
struct Determiner {
  const char *singular, *plural;
  const char *masculine, *feminine, *french_plural;
};
inline constexpr Determiner definite{"the", "the", "le", "la", "les"};
inline constexpr Determiner indefinite{"a", "some", "un", "une", "des"};
inline constexpr Determiner other_determiners[] = {
    {"this", "these", "ce", "cette", "ces"},
    {"my", "my", "mon", "ma", "mes"},
    {"his", "his", "son", "sa", "ses"},
    {"her", "her", "son", "sa", "ses"},
    {"our", "our", "notre", "notre", "nos"},
    {nullptr, "two", nullptr, nullptr, "deux"},
    {"every", nullptr, "chaque", "chaque", nullptr},
};

/// Grammatical person and number, as far as the verbs tell them apart.
enum Person : int { first, third, first_plural, third_plural };

struct Pronoun {
  const char *english, *french;
  Person person;
  bool feminine, plural;
};
inline constexpr Pronoun pronouns[] = {
    {"I", "je", first, false, false},           {"he", "il", third, false, false},
    {"she", "elle", third, true, false},        {"we", "nous", first_plural, false, true},
    {"they", "ils", third_plural, false, true},
};

struct Verb {
  /// English: the plain form, the third person's, and a particle (or null).
  const char *plain, *third, *particle;
  /// French, for each `Person`.
  const char* french[4];
};
inline constexpr Verb transitive_verbs[] = {
    {"see", "sees", nullptr, {"vois", "voit", "voyons", "voient"}},
    {"love", "loves", nullptr, {"aime", "aime", "aimons", "aiment"}},
    {"look", "looks", "for", {"cherche", "cherche", "cherchons", "cherchent"}},
    {"wait", "waits", "for", {"attends", "attend", "attendons", "attendent"}},
    {"find", "finds", nullptr, {"trouve", "trouve", "trouvons", "trouvent"}},
    {"draw", "draws", nullptr, {"dessine", "dessine", "dessinons", "dessinent"}},
    {"watch", "watches", nullptr, {"regarde", "regarde", "regardons", "regardent"}},
    {"want", "wants", nullptr, {"veux", "veut", "voulons", "veulent"}},
};
inline constexpr Verb intransitive_verbs[] = {
    {"sleep", "sleeps", nullptr, {"dors", "dort", "dormons", "dorment"}},
    {"sing", "sings", nullptr, {"chante", "chante", "chantons", "chantent"}},
    {"work", "works", nullptr, {"travaille", "travaille", "travaillons", "travaillent"}},
    {"dance", "dances", nullptr, {"danse", "danse", "dansons", "dansent"}},
    {"arrive", "arrives", nullptr, {"arrive", "arrive", "arrivons", "arrivent"}},
    {"run", "runs", nullptr, {"cours", "court", "courons", "courent"}},
};
/// To be, for each `Person`.
inline constexpr const char* to_be[] = {"am", "is", "are", "are"};
inline constexpr const char* french_to_be[] = {"suis", "est", "sommes", "sont"};

/// A word or a few that stand for a word or a few; spaces separate them.
struct Expression {
  const char *english, *french;
};
/// Before the English verb, behind the French one.
inline constexpr Expression frequency_adverbs[] = {{"often", "souvent"}, {"always", "toujours"}};
/// At the end of a clause.
inline constexpr Expression final_adverbs[] = {
    {"here", "ici"}, {"now", "maintenant"}, {"today", "aujourd'hui"}};
/// Between two clauses.
inline constexpr Expression conjunctions[] = {{"and", "et"},
                                              {"but", "mais"},
                                              {"when", "quand"},
                                              {"because", "parce que"},
                                              {"while", "pendant que"}};

struct Preposition {
  Expression words;
  /// The kinds of nouns that it takes.
  int kinds;
};
inline constexpr Preposition prepositions[] = {
    {{"in", "dans"}, place},
    {{"on", "sur"}, thing},
    {{"under", "sous"}, thing},
    {{"behind", "derrière"}, thing | place},
    {{"in front of", "devant"}, thing | place},
    {{"with", "avec"}, person | animal},
};

/// Words that change before a vowel; `le` and `la` lose it, `ce` and `ma` take another form.
inline constexpr Expression before_vowel[] = {{"le", "l'"},  {"la", "l'"},  {"je", "j'"},
                                              {"ne", "n'"},  {"de", "d'"},  {"que", "qu'"},
                                              {"ce", "cet"}, {"ma", "mon"}, {"sa", "son"}};

}  // namespace heed::tools::lexicon
