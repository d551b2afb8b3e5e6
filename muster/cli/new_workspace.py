"""What ``muster init`` writes: every setting with its default and its reason, and a campaign to fill in."""

from muster.settings import Settings, shown_default

CAMPAIGN_TEMPLATE = """\
# What is to be done, for whom, until when. Every key: docs/campaign-file.md
id: my-campaign                       # short, lower case: it stands in every report
name: What people call it
fix: tzdata                           # a folder of playbooks/
deadline: 2027-03-13 18:00            # local time, in the zone of the next line
timezone: America/Vancouver
reason: >-
  One sentence for your clients: why somebody touches their machines.

parameters:                           # of the fix; docs/fixes.md names them
  instants: ["2027-03-14T12:00:00Z"]  # when the machines must tell the right time

# hosts:                              # by default the whole fleet
#   clients: [acme]
#   roles: [server]

waves:                                # a canary of every kind, then waves that grow while they are healthy
  canary_per_kind: 1
  growth_factor: 2
  max_wave_hosts: 500
  min_success_rate: 0.9
  tolerated_failures: 0
  soak_seconds: 0

effort:                               # before anything is measured
  remote_minutes_per_host: 3
  onsite_minutes_per_host: 20
  setup_minutes: 10
  percentile: 0.8                     # plan on what is not exceeded in four of five cases
  max_visit_minutes: 240
"""


def _settings_template() -> str:
    lines = ["# Muster's settings. What is commented out has the default that stands there."]
    for name, field in Settings.model_fields.items():
        if name != "workspace":
            lines += ["", f"# {field.description}", f"# {name}: {shown_default(name)}"]
    return "\n".join(lines) + "\n"


SETTINGS_TEMPLATE = _settings_template()
