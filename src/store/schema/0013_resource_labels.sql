-- A call's resource is the label that the settings give to an ACS resource. Until now it was the name in the ring's topic, and there was
-- one resource only: '' stands for the first one that is configured.

UPDATE calls SET resource = '';
