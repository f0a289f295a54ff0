#!/bin/sh
# Runs a shell session of the README in an empty folder: run_session.sh HEED SESSION
# Training stops after a few steps: this shows that the commands fit together, not how well they learn.
set -eu
program=$1
session=$2
folder=$(mktemp -d)
trap 's=$?; [ $s = 0 ] || cat "$folder/shown"; rm -rf "$folder"; exit $s' EXIT
cd "$folder"

heed() {
  case $1 in
    data) "$program" "$@" --train 200 --valid 20 --test 20 ;;
    train) "$program" "$@" --steps 3 ;;
    *) "$program" "$@" ;;
  esac
}

. "$session" 2> shown
grep -q '^weight' shown  # the legend of the picture
