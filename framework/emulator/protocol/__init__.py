"""The wire: frames, message layouts and the nouns they carry."""
