# What tools/course, which reads this file, says of what went wrong.

# The first error of a compiler, without the way that it came.
first_error() {
  local line
  line=$(grep -m 1 -E '(fatal )?error: |undefined reference' "$1")
  [ -n "${try:-}" ] && line=${line//"$try/"/"$shown/"}
  line=${line//"$work/"/"$shown/"}
  line=${line//"$source_folder/"/docs/course/}
  echo "$shown/$header does not compile (chapter $((10#$number))):"
  echo "  ${line:-$(head -n 1 "$1")}"
  # Inside a library's header the learner's own line is another.
  case $line in
    "$shown"/* | docs/course/* | *undefined*) ;;
    *) grep -m 1 -F "$try/" "$1" | grep 'required from here' |
      sed "s|.*$try/\([^:]*:[0-9]*\).*|  used so in $shown/\1|" ;;
  esac
  grep -m 1 -A 2 -E 'error: ' "$1" | sed -n 2,3p
  case $line in
    *Werror=return-type*) echo "  A path without return: the function must give a value on each." ;;
    docs/course/*) echo "  The test of the chapter calls it so: a name, a parameter or a result" \
      "in $shown/ is another." ;;
  esac
}

# Why a test or a program ended without a word of its own, by its code.
ended() {
  local at
  at=$(sed -n 's/^at //p' "$try/at" | tail -n 1)
  local exercise=${at% *} file=$shown/${at##* }
  [ -n "$at" ] || { exercise="what runs before the test"; file=$shown/$header; }
  case $1 in
    124 | 137 | 152) echo "$file: $exercise takes longer than $seconds seconds:" \
      "a loop that does not end?" ;;
    3) echo "$file: $exercise ended the program: exit has no place here" ;;
    134) aborted ;;
    141 | 153) echo "$file: $exercise prints more than $printed kilobytes:" \
      "a loop that does not end?" ;;
    136) echo "$file: $exercise divided a whole number by 0" ;;
    139) echo "$file: $exercise crashed: memory that is not there, or a function that" \
      "calls itself without end" ;;
    *) echo "$file: $exercise ended with code $1" ;;
  esac
}

# The same of an exception, an assertion or a call of abort, for the $exercise in $file.
aborted() {
  local blank
  blank=$(sed -n 's/^\([a-z_]*\.hpp\):[0-9]*: .* is still blank$/\1/p' "$try/thrown" 2>/dev/null)
  if [ -n "$blank" ]; then
    sed "s|^\(.*\): \(.*\) is still blank$|\2 ($shown/\1) is still blank: solve chapter $(
      chapter_of "$blank") first|" "$try/thrown"
  elif [ -e "$try/thrown" ]; then
    echo "$file: $exercise ended with an exception: $(head -n 1 "$try/thrown")"
  elif grep -q Assertion "$try/at"; then
    echo "$file: $exercise was stopped:" "$(grep -m 1 -o "Assertion '.*' failed" "$try/at")"
    echo "  likely: an index outside of a vector"
  else
    echo "$file: $exercise was stopped: it called abort"
    echo "  likely: an exception that is no std::exception, or a thread that nobody waits for"
  fi
}
