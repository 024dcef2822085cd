#include "cli/arguments.hpp"
#include "cli/command.hpp"

namespace lambdapool::cli {

void add_logs(CLI::App& app, Parsed& parsed) {
  CLI::App& verb = add_verb(app, parsed, "logs", "Show what a function has logged",
                            [&](const Context& context) { return show_logs(context, parsed.logs); });
  add_name(verb, parsed.logs.name);
  verb.add_flag("-f,--follow", parsed.logs.follow, "Go on with new lines until Ctrl-C");
  add_text(verb, "--since", parsed.logs.since, "TIME",
           "Sets how far to look back (90s, 15m, 1h, 2d; the default is 1h) or from when "
           "(2026-11-22T19:00:00Z)");
  add_text(verb, "--filter", parsed.logs.filter, "TEXT", "Shows only lines that have this text in them");
  add_text(verb, "--request-id", parsed.logs.request_id, "ID", "Shows only the lines of this invocation");
  add_choice(
      verb, "--output", {"text", "json"}, [&](const std::string& form) { parsed.logs.json = form == "json"; },
      "Sets the form of the lines (the default is text)");
  add_connection(verb, parsed.connection);
}

void add_doctor(CLI::App& app, Parsed& parsed) {
  CLI::App& verb = add_verb(app, parsed, "doctor", "Say what works, what does not, and how to mend it",
                            [&](const Context& context) { return doctor(context, parsed.doctor); });
  add_function_name(verb, [&](const std::string& name) { parsed.doctor.name = name; });
  add_choice(
      verb, "--output", {"text", "json"},
      [&](const std::string& form) { parsed.doctor.json = form == "json"; },
      "Sets the form of the findings (the default is text)");
  add_connection(verb, parsed.connection);
}

void add_stats(CLI::App& app, Parsed& parsed) {
  CLI::App& verb = add_verb(app, parsed, "stats", "Show what a function's invocations took and cost",
                            [&](const Context& context) { return show_stats(context, parsed.stats); });
  add_name(verb, parsed.stats.name);
  add_text(verb, "--since", parsed.stats.since, "TIME",
           "Sets how far to look back (90s, 15m, 1h, 2d; the default is 1h) or from when "
           "(2026-11-22T19:00:00Z)");
  add_choice(
      verb, "--output", {"table", "json"},
      [&](const std::string& form) { parsed.stats.json = form == "json"; },
      "Sets the form of the figures (the default is a table)");
  add_connection(verb, parsed.connection);
}

void add_runs(CLI::App& app, Parsed& parsed) {
  CLI::App& runs = *app.add_subcommand("runs", "List, show and delete named runs, which can be resumed");
  runs.set_help_flag("-h,--help", "Show this message and exit.");
  runs.require_subcommand(0, 1);
  const auto add_form = [&](CLI::App& verb) {
    add_choice(
        verb, "--output", {"table", "json"},
        [&](const std::string& form) { parsed.runs.json = form == "json"; },
        "Sets the form of the output (the default is a table)");
  };
  add_form(add_verb(runs, parsed, "list", "List the runs of this machine",
                    [&](const Context& context) { return list_runs(context, parsed.runs); }));
  CLI::App& show = add_verb(runs, parsed, "show", "Show how far a run is, and what it cost",
                            [&](const Context& context) { return show_run(context, parsed.runs); });
  show.add_option("RUN", parsed.runs.names)->required()->expected(1);
  add_form(show);
  CLI::App& del = add_verb(runs, parsed, "delete", "Delete runs with their results",
                           [&](const Context& context) { return delete_runs(context, parsed.runs); });
  del.add_option("RUNS", parsed.runs.names)->required();
}

void add_replay(CLI::App& app, Parsed& parsed) {
  CLI::App& verb = add_verb(app, parsed, "replay", "Run a task here that failed and was kept (keep_failed)",
                            [&](const Context& context) { return replay(context, parsed.replay); });
  verb.add_option("FILE", parsed.replay.file)->required();
  CLI::Option* pdb =
      verb.add_flag("--pdb", parsed.replay.pdb, "Stop where it begins and where it fails, in pdb");
  verb.add_flag("--gdb", parsed.replay.gdb, "Run it under gdb")->excludes(pdb);
  verb.add_flag("--deployed", parsed.replay.deployed,
                "Python: takes the code of the function's package, in place of what is here");
  add_connection(verb, parsed.connection);
}

void add_tune(CLI::App& app, Parsed& parsed) {
  CLI::App& verb = add_verb(app, parsed, "tune", "Try a function with several sizes of memory",
                            [&](const Context& context) { return tune(context, parsed.tune); });
  add_name(verb, parsed.tune.name);
  verb.add_option_function<std::string>("MODULE:FUNCTION",
                                        [&](const std::string& call) { parsed.tune.call = call; });
  add_text(verb, "--items", parsed.tune.items, "FILE",
           "Calls MODULE:FUNCTION with each item of this file, a JSON value a line");
  add_text(verb, "--payload", parsed.tune.payload, "FILE",
           "Invokes the function with what this file holds, as it is");
  add_integer(
      verb, "--times", [&](int value) { parsed.tune.times = value; },
      "Sets how often, one after the other (the default is 10)");
  add_repeated(
      verb, "--memory", "MB", Commas::separate,
      [&](const std::vector<std::string>& sizes) { parsed.tune.memory_mb = sizes; },
      "Sets the sizes to be tried (the default is 128,256,512,1024,1769,3008)");
  add_integer(
      verb, "--workers", [&](int value) { parsed.tune.workers = value; },
      "Sets how many items run at a time (the default is 10)");
  add_choice(
      verb, "--output", {"table", "json"},
      [&](const std::string& form) { parsed.tune.json = form == "json"; },
      "Sets the form of the figures (the default is a table)");
  add_connection(verb, parsed.connection);
  verb.footer(
      "A copy of the function is called, which is removed at the end; the function itself is not touched.");
}

}  // namespace lambdapool::cli
