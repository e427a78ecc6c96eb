# SPDX-License-Identifier: GPL-2.0-only
_badnessd() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
  local words='-h --help -V --version -c --config --set --proc-root --dry-run --dryrun --once --json' command='' i
  local -a args=()
  # "--config=FILE" is three words: '=' separates them.
  [[ $prev == = ]] && prev=${COMP_WORDS[COMP_CWORD - 2]}
  [[ $cur == = ]] && cur=
  for ((i = 1; i < COMP_CWORD; i++)); do
    case ${COMP_WORDS[i]} in
    scores | explain | check | status | history) command=${COMP_WORDS[i]} ;;
    esac
  done
  case $prev in
    -c | --config) args=(-f) ;;
    --set) args=(-W 'kernel.hz= kill.exit_timeout= kill.min_reclaim= kill.oom_group= kill.per_minute= kill.recover_timeout= kill.term_grace= kill.victim= log.report_interval= trigger.exhausted.action= trigger.exhausted.for= trigger.exhausted.mem_available_below= trigger.exhausted.psi_full_above= trigger.exhausted.psi_some_above= trigger.exhausted.psi_window= trigger.exhausted.scope= trigger.exhausted.swap_free_below= trigger.stalled.action= trigger.stalled.for= trigger.stalled.mem_available_below= trigger.stalled.psi_full_above= trigger.stalled.psi_some_above= trigger.stalled.psi_window= trigger.stalled.scope= trigger.stalled.swap_free_below='); compopt -o nospace ;;
    --proc-root) args=(-d) ;;
    -n) return ;;
    --sort) args=(-W 'points pid total_vm rss swap reclaim adj cpu age') ;;
    *) case $command in
    '') words+=' scores explain check status history' ;;
    scores) words+=' -n --sort' ;;
    explain) words+=' '; [[ $cur == -* ]] || args=(-W "$(cd /proc && printf '%s\n' [0-9]*)") ;;
    check) words+=' ' ;;
    status) words+=' ' ;;
    history) words+=' -n' ;;
    esac ;;
  esac
  [[ ${#args[@]} -gt 0 ]] || args=(-W "$words")
  mapfile -t COMPREPLY < <(compgen "${args[@]}" -- "$cur")
}
complete -F _badnessd badnessd
