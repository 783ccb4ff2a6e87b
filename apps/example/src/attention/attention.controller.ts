import { Controller, Inject } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { PageLanguage, type Language } from '../http/language.js';
import { Page } from '../http/page.js';
import { Attention } from './attention.js';
import { renderAttention } from './attention.page.js';

/** What a manager sees. */
@ApiExcludeController()
@Controller('attention')
export class AttentionController {
  readonly #attention: Attention;

  constructor(@Inject(Attention) attention: Attention) {
    this.#attention = attention;
  }

  @Page()
  async page(@PageLanguage() language: Language): Promise<string> {
    return renderAttention(language, await this.#attention.list());
  }
}
