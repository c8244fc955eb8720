#include "cli/retention_commands.hpp"

#include "cli/bind_command.hpp"

namespace earshot::cli {
namespace {

void add_retention(CLI::App& app, ChosenCommand& chosen) {
  auto* retention =
      app.add_subcommand("retention", "How long things are kept: plan, run, policy, restore");
  retention->require_subcommand(1);
  retention->footer(
      "The rules are in RETENTION_RULES_FILE (docs/retention.md); without rules all is kept.\n"
      "Examples:\n  earshot retention plan\n  earshot retention plan --rules new-rules.json\n"
      "  earshot retention run --limit 50\n"
      "  earshot retention policy > policy.json\n"
      "  earshot retention restore 5f1e0c00-1111-4222-8333-444455556666");
  auto* plan = retention->add_subcommand("plan", "What the rules would do now; nothing is done");
  auto plan_options = bind<RetentionOptions>(*plan, chosen, run_retention_plan);
  plan->add_option("--limit", plan_options->limit, "calls")->check(CLI::Range(1, 1000));
  plan->add_option("--rules", plan_options->rules,
                   "a file with rules to try; the service goes on with its own");
  auto* run = retention->add_subcommand("run", "Carries the rules out now, not at the next hour");
  auto run_options = bind<RetentionOptions>(*run, chosen, run_retention_run);
  run->add_option("--limit", run_options->limit, "calls")->check(CLI::Range(1, 1000));
  run->add_flag("--dry-run", run_options->dry_run, "as plan");
  auto* policy = retention->add_subcommand(
      "policy",
      "The rules as a lifecycle policy of the storage account; notes go to standard error");
  bind<RetentionOptions>(*policy, chosen, run_retention_policy);
  auto* restore = retention->add_subcommand(
      "restore", "Brings what is archived of a call back, which takes hours");
  auto restore_options = bind<RetentionRestoreOptions>(*restore, chosen, run_retention_restore);
  restore->add_option("call", restore_options->call, "contextId of the call")->required();
}

void add_holds(CLI::App& app, ChosenCommand& chosen) {
  auto* holds =
      app.add_subcommand("holds", "Calls of which nothing may be deleted: add, remove, list");
  holds->require_subcommand(1);
  holds->footer(
      "Examples:\n  earshot holds add 5f1e0c00-1111-4222-8333-444455556666 --who \"Ms Ito\" "
      "--why \"case 42\"\n  earshot holds list\n"
      "  earshot holds remove 0b7e0c00-1111-4222-8333-444455556666 --who \"Ms Ito\"");
  auto* add = holds->add_subcommand("add", "Holds a call, whatever the rules say");
  auto add_options = bind<HoldsAddOptions>(*add, chosen, run_holds_add);
  add->add_option("call", add_options->call, "contextId of the call")->required();
  add->add_option("--who", add_options->who, "who asks for it")->required();
  add->add_option("--why", add_options->why, "for what; no names of callers")->required();
  auto* remove = holds->add_subcommand("remove", "Lifts a hold; the rules apply again");
  auto remove_options = bind<HoldsRemoveOptions>(*remove, chosen, run_holds_remove);
  remove->add_option("hold", remove_options->hold, "id of the hold")->required();
  remove->add_option("--who", remove_options->who, "who lifts it")->required();
  auto* list = holds->add_subcommand("list", "Holds, newest first");
  auto list_options = bind<HoldsListOptions>(*list, chosen, run_holds_list);
  list->add_option("--call", list_options->call, "contextId of a call");
  list->add_flag("--all", list_options->all, "those that were lifted too");
  list->add_option("--limit", list_options->limit, "how many")->check(CLI::Range(1, 500));
}

void add_erase(CLI::App& app, ChosenCommand& chosen) {
  auto* erase =
      app.add_subcommand("erase", "Erases all that is kept of one caller, with a receipt");
  erase->footer(
      "Calls on hold, going on, or without a verdict yet are left, and named in the receipt.\n"
      "Examples:\n  earshot erase --caller +81312345678 --dry-run\n"
      "  earshot erase --caller +81312345678 --yes\n  earshot erase --list\n"
      "  earshot erase --receipt 0b7e0c00-1111-4222-8333-444455556666 --signed > receipt.json\n"
      "  earshot erase verify receipt.json --key public.key");
  auto options = bind<EraseOptions>(*erase, chosen, run_erase);
  auto* caller = erase->add_option("--caller", options->caller, "the caller's number");
  erase->add_flag("--dry-run", options->dry_run, "names what would go; nothing does");
  erase->add_flag("--yes", options->yes, "does it");
  auto* receipt = erase->add_option("--receipt", options->receipt, "shows an earlier one again");
  receipt->excludes(caller);
  erase
      ->add_flag("--signed", options->signed_text,
                 "of a receipt the signed text, as `erase verify` checks it")
      ->needs(receipt);
  erase->add_flag("--list", options->list, "all receipts")->excludes(caller);
  auto* verify = erase->add_subcommand("verify", "Checks the signature of a receipt");
  auto verify_options = bind<EraseVerifyOptions>(*verify, chosen, run_erase_verify);
  verify
      ->add_option("target", verify_options->target,
                   "a signed receipt on this machine, or the id of one that the service has")
      ->required();
  verify->add_option(
      "--key", verify_options->key,
      "the public key, base64 or a file that holds it; without it the service's own, "
      "from /api/v1/keys");
  verify->footer(
      "Exit status: 0 the signature fits, 1 it does not.\n"
      "Examples:\n  earshot erase verify receipt.json --key public.key\n"
      "  earshot erase verify 0b7e0c00-1111-4222-8333-444455556666 --json");
}

}  // namespace

void add_retention_commands(CLI::App& app, ChosenCommand& chosen) {
  add_retention(app, chosen);
  add_holds(app, chosen);
  add_erase(app, chosen);
}

}  // namespace earshot::cli
